// What the brokers hold of partitions now (ListOffsets), and the deletion of what is not needed any more (DeleteRecords).

import type { OffsetRange, TopicPartition } from '../api/index.ts';
import type { BrokerRequests } from './broker-requests.ts';
import { READ_COMMITTED, READ_UNCOMMITTED } from './client.ts';

const EARLIEST = -2;
/** Read committed: the end of the last transaction that has ended. Read uncommitted: the end of what every replica in sync has. */
const LATEST = -1;
/** The asker is no replica. */
const NO_REPLICA = -1;

/** The range of each partition, in order. `requests` must be connected and know the topics. Not repeated. */
export async function listRanges(
  requests: BrokerRequests,
  partitions: readonly TopicPartition[],
): Promise<readonly OffsetRange[]> {
  const [starts, ends] = await Promise.all([list(requests, partitions, EARLIEST), list(requests, partitions, LATEST)]);
  return partitions.map((place) => ({ start: offsetAt(starts, place), end: offsetAt(ends, place) }));
}

/** Those of the partitions in which a transaction is open, as their leaders see it. As `listRanges`. */
export async function listOpen(
  requests: BrokerRequests,
  partitions: readonly TopicPartition[],
): Promise<readonly TopicPartition[]> {
  // In this order: what is committed between the two answers shows as no open transaction.
  const ends = await list(requests, partitions, LATEST, READ_UNCOMMITTED);
  const stable = await list(requests, partitions, LATEST);
  return partitions.filter((place) => offsetAt(stable, place) < offsetAt(ends, place));
}

/** Deletes the records below the offsets. Not repeated. */
export async function deleteRecords(
  requests: BrokerRequests,
  positions: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  const byLeader = Map.groupBy(positions, ({ topic, partition }) => requests.leader(topic, partition));
  await Promise.all(
    [...byLeader].map(([nodeId, ofLeader]) => {
      const topics = byTopic(ofLeader, ({ partition, offset }) => ({ partition, offset: String(offset) }));
      return requests.send(nodeId, 'DeleteRecords', { topics });
    }),
  );
}

async function list(
  requests: BrokerRequests,
  places: readonly TopicPartition[],
  timestamp: number,
  isolationLevel: number = READ_COMMITTED,
): Promise<ReadonlyMap<string, number>> {
  const offsets = new Map<string, number>();
  const byLeader = Map.groupBy(places, ({ topic, partition }) => requests.leader(topic, partition));
  await Promise.all(
    [...byLeader].map(async ([nodeId, ofLeader]) => {
      const topics = byTopic(ofLeader, ({ partition }) => ({ partition, timestamp }));
      const args = { replicaId: NO_REPLICA, isolationLevel, topics };
      const { responses } = await requests.send(nodeId, 'ListOffsets', args);
      for (const { topic, partitions } of responses)
        for (const { partition, offset } of partitions) offsets.set(`${topic}/${partition}`, Number(offset));
    }),
  );
  return offsets;
}

function offsetAt(offsets: ReadonlyMap<string, number>, { topic, partition }: TopicPartition): number {
  const offset = offsets.get(`${topic}/${partition}`);
  if (offset === undefined || offset < 0) throw new Error(`the broker told no offset of ${topic}-${partition}`);
  return offset;
}

export function byTopic<T extends TopicPartition, P>(
  places: readonly T[],
  toPartition: (place: T) => P,
): { readonly topic: string; readonly partitions: readonly P[] }[] {
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
    topic,
    partitions: ofTopic.map(toPartition),
  }));
}
