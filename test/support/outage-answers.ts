// What came of the application of restore-topology.ts, held against the plain program that counted along: in its changelogs, on its
// board, and in the numbers of its commits.

import type { Admin } from 'kafkajs';
import { decodePosition, POSITION_COLUMN_FAMILY } from '../../engine/runtime/position.ts';
import { type Application, differences } from './restore-application.ts';
import { type Instance, until } from './restore-instance.ts';

/** Waits until everything that was sent, and everything that came of it, has been processed and published. */
export async function processed(
  application: Application,
  instances: readonly Instance[],
  timeoutMs: number,
): Promise<void> {
  const { admin, name } = application;
  const topics = ['events', 'amounts'].map((topic) => application.topic(topic));
  const isDone = async () => (await groupLag(admin, name, topics)) === 0;
  await until('everything to be processed', isDone, { instances, timeoutMs });
}

/** Records of these topics (physical names) behind the offsets that the group has been told. */
export async function groupLag(admin: Admin, groupId: string, topics: readonly string[]): Promise<number> {
  let lag = 0;
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId, topics: [...topics] })) {
    const ends = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, high }) => [partition, high]));
    for (const { partition, offset } of partitions) lag += Number(ends.get(partition)) - Math.max(0, Number(offset));
  }
  return lag;
}

/** Everything that is wrong, a sentence each. */
export async function faultsOf(application: Application, instances: readonly Instance[]): Promise<readonly string[]> {
  const { expected } = application;
  const state = await application.state();
  const faults = [
    ...differences(state.counts, expected.counts).map((text) => `count of ${text}`),
    ...differences(state.groups, expected.groups).map((text) => `sum of ${text}`),
    ...differences(instances[0]!.board.values, expected.groups).map((text) => `on the board, ${text}`),
  ];
  for (let task = 0; task < application.tasks; task++) faults.push(...(await commitFaults(application, task)));
  for (const { failure } of instances) if (failure !== undefined) faults.push(`an instance has failed: ${failure}`);
  return faults;
}

/** Sum over all groups in the changelogs: more than was sent is doubled, less is lost. */
export async function total(application: Application): Promise<number> {
  return [...(await application.state()).groups.values()].reduce((sum, count) => sum + count, 0);
}

/** A commit that is lost leaves its number out, one that is there twice has it twice. */
async function commitFaults(application: Application, task: number): Promise<readonly string[]> {
  const family = Buffer.from(POSITION_COLUMN_FAMILY);
  const positionKey = Buffer.concat([Buffer.of(family.length), family, Buffer.from(`task:${task}`)]);
  const faults: string[] = [];
  let last: number | undefined;
  for (const { key, value } of await application.changelog(task)) {
    if (!positionKey.equals(key)) continue;
    const { commitNumber } = decodePosition(value!);
    if (last !== undefined && commitNumber !== last + 1)
      faults.push(`task ${task}: commit ${commitNumber} follows ${last}`);
    last = commitNumber;
  }
  return faults;
}
