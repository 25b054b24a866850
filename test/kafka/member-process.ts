// A member of a group as a process of its own, to be killed or frozen: `node member-process.ts BOOTSTRAP GROUP INSTANCE SESSION_MS`.
// Prints one line of JSON for each assignment.

import { silentLogger } from '../../engine/api/index.ts';
import { joinGroup } from '../../engine/kafka/membership.ts';
import { taskAssignor } from '../../engine/runtime/assignor.ts';

const [bootstrap, groupId, instanceId, sessionMs] = process.argv.slice(2) as [string, string, string, string];
let active: readonly number[] = [];

joinGroup({
  client: {
    brokers: [bootstrap],
    clientId: instanceId,
    connectionTimeoutMs: 1000,
    requestTimeoutMs: 3000,
    logger: silentLogger,
  },
  groupId,
  topics: { sources: ['clicks'], changelog: 'changelog' },
  topicName: (topic) => topic,
  sessionTimeoutMs: Number(sessionMs),
  rebalanceTimeoutMs: 10_000,
  heartbeatIntervalMs: 200,
  join: {
    assign: taskAssignor({ tasks: 4, standbyReplicas: 1 }),
    state: () => ({ instanceId, active, offsets: Object.fromEntries(active.map((task) => [task, 100])) }),
    assigned: (assignment) => {
      active = assignment.active;
      console.log(JSON.stringify(assignment));
    },
    failed: (error) => {
      console.error(error);
      process.exit(1);
    },
  },
});
