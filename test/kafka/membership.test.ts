import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import type { GroupAssignment, GroupMember } from '../../engine/api/index.ts';
import { type GroupMembership, joinGroup, type MembershipOptions } from '../../engine/kafka/membership.ts';
import { taskAssignor } from '../../engine/runtime/assignor.ts';
import { createTopics, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { clientOptions, kafkaOf } from './reading.ts';

const TASKS = 4;
const SESSION_MS = 6_000;
const NOTHING: GroupAssignment = { active: [], standby: [] };

/** A member of a test and what it was told. */
class TestMember {
  readonly instanceId: string;
  readonly heard: GroupAssignment[] = [];
  readonly seen: (readonly GroupMember[])[] = [];
  offsets: { [taskId: number]: number } = {};
  failure: Error | undefined;
  membership!: GroupMembership;

  constructor(instanceId: string) {
    this.instanceId = instanceId;
  }

  get now(): GroupAssignment {
    return this.heard.at(-1) ?? NOTHING;
  }
}

describe('the membership of a group', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let groups = 0;

  before(async () => {
    kafka = await kafkaServer(owner);
    await createTopics(kafka.bootstrap, [{ topic: 'clicks' }, { topic: 'changelog' }]);
  });

  const newGroup = () => `group-${++groups}`;

  function enter(
    t: TestContext,
    groupId: string,
    instanceId: string,
    overrides: Partial<MembershipOptions> = {},
  ): TestMember {
    const member = new TestMember(instanceId);
    const assign = taskAssignor({ tasks: TASKS, standbyReplicas: 1 });
    member.membership = joinGroup({
      client: clientOptions(kafka.bootstrap),
      groupId,
      topics: { sources: ['clicks'], changelog: 'changelog' },
      topicName: (topic) => topic,
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: 10_000,
      heartbeatIntervalMs: 200,
      join: {
        assign: (members) => {
          member.seen.push(members);
          return assign(members);
        },
        state: () => ({ instanceId, active: member.now.active, offsets: member.offsets }),
        assigned: (assignment) => {
          member.heard.push(assignment);
          for (const task of assignment.active) member.offsets[task] = 100;
        },
        failed: (error) => {
          member.failure = error;
        },
      },
      ...overrides,
    });
    t.after(() => member.membership.leave());
    return member;
  }

  /** Waits until these hold every task between them, evenly, each task once, and everybody heard of the same generation. */
  async function settled(members: readonly { readonly now: GroupAssignment }[], timeoutMs = 15_000): Promise<void> {
    const isSettled = () => {
      const active = members.flatMap(({ now }) => now.active).sort();
      const standby = members.flatMap(({ now }) => now.standby).sort();
      const standbys = members.length === 1 ? 0 : TASKS;
      return (
        active.join() === '0,1,2,3' && new Set(standby).size === standbys && members.every(({ now }) => now !== NOTHING)
      );
    };
    await until(`${members.length} members to share the tasks`, isSettled, timeoutMs);
  }

  test('tasks move no more than they must from one member to two, three and one', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    const b = enter(t, group, 'b');
    await settled([a, b]);
    assert.equal(a.now.active.length, 2);
    const before = [a.now.active, b.now.active];
    const c = enter(t, group, 'c');
    await settled([a, b, c]);
    const kept = [a, b].flatMap((member, i) => member.now.active.filter((task) => before[i]!.includes(task)));
    assert.equal(kept.length, 3, 'one task moves to the third member');
    await a.membership.leave();
    await settled([b, c]);
    await b.membership.leave();
    await settled([c]);
    assert.deepEqual(c.now, { active: [0, 1, 2, 3], standby: [] });
  });

  test('a member that leaves is followed at once', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    const b = enter(t, group, 'b');
    await settled([a, b]);
    const startedMs = performance.now();
    await b.membership.leave();
    await settled([a]);
    const tookMs = performance.now() - startedMs;
    t.diagnostic(`taken over ${tookMs.toFixed(0)} ms after the leave began`);
    // Nobody waited for the end of the session.
    assert.ok(tookMs < SESSION_MS);
  });

  test('what members tell of themselves is fresh at each join', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    a.offsets = { 0: 7, 1: 8, 2: 9, 3: 10 };
    const b = enter(t, group, 'b');
    await settled([a, b]);
    const told = [...a.seen, ...b.seen].at(-1)!.find(({ instanceId }) => instanceId === 'a')!;
    assert.deepEqual(told.active, [0, 1, 2, 3]);
    assert.deepEqual(told.offsets, { 0: 7, 1: 8, 2: 9, 3: 10 });
  });

  test('a member stays in the group for longer than its session without a rebalance', async (t) => {
    const a = enter(t, newGroup(), 'a');
    await settled([a]);
    const joins = a.heard.length;
    let oldestMs = 0;
    const untilMs = performance.now() + 9000;
    await until(
      'the session to be over',
      () => {
        oldestMs = Math.max(oldestMs, a.membership.heartbeatAgeMs);
        return performance.now() > untilMs;
      },
      12_000,
    );
    assert.equal(a.heard.length, joins);
    assert.ok(oldestMs < SESSION_MS, `the last sign of life was ${oldestMs} ms old`);
  });

  test('the tasks of a killed process are taken over when its session ends', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    const b = await startProcess(t, group, 'b');
    await settled([a, b]);
    const startedMs = performance.now();
    b.child.kill('SIGKILL');
    await settled([a]);
    const tookMs = performance.now() - startedMs;
    t.diagnostic(`taken over ${tookMs.toFixed(0)} ms after the kill, with a session of ${SESSION_MS} ms`);
    assert.ok(tookMs < 2 * SESSION_MS);
  });

  test('a process that was frozen for longer than its session loses its tasks and comes back by itself', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    const b = await startProcess(t, group, 'b');
    await settled([a, b]);
    b.child.kill('SIGSTOP');
    await settled([a]);
    const heard = b.heard.length;
    b.child.kill('SIGCONT');
    await until('the frozen member to be told that it has nothing', () => b.heard.length > heard);
    assert.deepEqual(b.heard[heard], NOTHING);
    await settled([a, b]);
  });

  test('a broker that restarts costs no member its seat', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a', { sessionTimeoutMs: 30_000 });
    await settled([a]);
    const b = enter(t, group, 'b', { sessionTimeoutMs: 30_000 });
    await settled([a, b]);
    const [ofA, ofB] = [a.now.active, b.now.active];
    await kafka.stop();
    await kafka.start();
    await until(
      'heartbeats again',
      () => a.membership.heartbeatAgeMs < 500 && b.membership.heartbeatAgeMs < 500,
      40_000,
    );
    assert.deepEqual([a.now.active, b.now.active], [ofA, ofB]);
    assert.ok(!a.heard.slice(1).some(({ active }) => active.length === 0), 'the tasks were never taken away');
    assert.equal(a.failure, undefined);
  });

  test('committed offsets are seen by the tools of Kafka', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    await a.membership.commitOffsets([{ topic: 'clicks', partition: 2, offset: 41 }]);
    assert.equal(a.membership.failedOffsetCommits, 0);
    const admin = kafkaOf(kafka.bootstrap).admin();
    await admin.connect();
    t.after(() => admin.disconnect());
    const [topic] = await admin.fetchOffsets({ groupId: group, topics: ['clicks'] });
    assert.equal(topic!.partitions.find(({ partition }) => partition === 2)!.offset, '41');
  });

  test('members that leave in the middle of their joins hold nobody up', async (t) => {
    const group = newGroup();
    const a = enter(t, group, 'a');
    await settled([a]);
    for (const momentMs of [0, 5, 10, 20, 40, 80, 160]) {
      // Were it still counted, the others would wait for its session to end.
      const passing = enter(t, group, `passing-${momentMs}`, { sessionTimeoutMs: 60_000 });
      await sleep(momentMs);
      await passing.membership.leave();
    }
    const c = enter(t, group, 'c');
    await settled([a, c], 30_000);
  });

  test('a group that another application uses is refused with a clear text', async (t) => {
    const group = newGroup();
    const other = kafkaOf(kafka.bootstrap).consumer({
      groupId: group,
      partitionAssigners: [kafkajs.PartitionAssigners.roundRobin],
    });
    await other.connect();
    t.after(() => other.disconnect());
    await other.subscribe({ topic: 'clicks' });
    const joined = new Promise<void>((resolve) => void other.on('consumer.group_join', () => resolve()));
    await other.run({ eachMessage: async () => {} });
    await joined;
    const a = enter(t, group, 'a');
    await until('the membership to fail', () => a.failure !== undefined);
    assert.match(a.failure!.message, /another application/);
  });

  test('an assignment that throws fails the membership', async (t) => {
    const a = enter(t, newGroup(), 'a', {
      join: {
        assign: () => {
          throw new Error('no tasks today');
        },
        state: () => ({ instanceId: 'a', active: [], offsets: {} }),
        assigned: () => {},
        failed: (error) => {
          a.failure = error;
        },
      },
    });
    await until('the membership to fail', () => a.failure !== undefined);
    assert.match(a.failure!.message, /no tasks today/);
  });

  interface MemberProcess {
    readonly child: ChildProcess;
    readonly heard: GroupAssignment[];
    readonly now: GroupAssignment;
  }

  async function startProcess(t: TestContext, group: string, instanceId: string): Promise<MemberProcess> {
    const script = join(import.meta.dirname, 'member-process.ts');
    const child = spawn(process.execPath, [script, kafka.bootstrap, group, instanceId, String(SESSION_MS)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => child.kill('SIGKILL'));
    const heard: GroupAssignment[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => heard.push(JSON.parse(line) as GroupAssignment));
    await until('the process to join', () => heard.length > 0);
    return {
      child,
      heard,
      get now() {
        return heard.at(-1) ?? NOTHING;
      },
    };
  }
});

/** As `waitFor`, with pauses: these tests wait for seconds beside a broker that needs the processor. */
async function until(name: string, condition: () => boolean, timeoutMs = 15_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms for ${name}`);
    await sleep(20);
  }
}
