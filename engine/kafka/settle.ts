// Brings the marks of a task's last transaction to every partition where they are missing.
//
// A transaction has ended when its coordinator says so; that each of its partitions is marked is the coordinator's work, a moment
// later. Kafka 4.3.0 leaves a partition out that has no leader at that moment ("likely deleted already and hence can be skipped"):
// so it is with the only broker of a cluster, stopped in order, or killed and started again. What the transaction wrote there
// stays open for ever, hides all that comes after it, and goes the way of the next transaction of the same id: one that is aborted
// takes it along, though it was acknowledged. So none is begun before the marks of the last one are there. (KIP-98: marks; KIP-664:
// transactions that hang.)

import type { TopicPartition } from '../api/index.ts';
import type { BrokerRequests } from './broker-requests.ts';
import type { ClaimNote } from './claim-note.ts';
import { listOpenOf } from './describe-producers.ts';
import type { Outcome } from './describe-transaction.ts';
import { byTopic, listOpen } from './offset-ranges.ts';
import type { TransactionalProducer } from './transactional-producer.ts';

export interface Settlement {
  readonly requests: BrokerRequests;
  /** Has claimed the id, and has no transaction under way. */
  readonly producer: TransactionalProducer;
  /** Where an owner that comes while this goes on finds how it has to end. */
  readonly note: ClaimNote;
}

export interface ClaimedPlaces {
  /** The task's partition of the changelog, which nobody else writes. */
  readonly changelog: TopicPartition;
  /** Every other partition that the task may have written. Other tasks may have transactions open there: a mark of ours is nothing to them. */
  readonly others: readonly TopicPartition[];
}

/**
 * For an owner that has just claimed the task, and knows of what was written before only what the brokers hold. `outcomeOf` is asked where
 * something is open how the id's last transaction ended. Returns how what was missing of the task's own has ended, `undefined` where
 * nothing was. Not repeated; may be called again.
 * @throws {Error} also when something is still open afterwards.
 */
export async function settle(
  settlement: Settlement,
  { changelog, others }: ClaimedPlaces,
  outcomeOf: () => Promise<Outcome>,
): Promise<Outcome | undefined> {
  const { requests } = settlement;
  const open = await listOpen(requests, [changelog, ...others]);
  if (open.length === 0) return undefined;
  const outcome = await outcomeOf();
  await mark(settlement, open, outcome);
  if (!open.includes(changelog)) return undefined;
  // Of a producer id that the coordinator has replaced by another one.
  if ((await listOpen(requests, [changelog])).length > 0)
    throw new Error(`${changelog.topic}-${changelog.partition} has a transaction open that nobody can end`);
  return outcome;
}

/**
 * For the owner whose last transaction was committed, and acknowledged: resolves when each partition of it is marked. Returns whether marks
 * were missing. Not repeated; may be called again. @throws {Error} also when something is still open afterwards.
 */
export async function complete(settlement: Settlement, places: readonly TopicPartition[]): Promise<boolean> {
  const { requests, producer } = settlement;
  const look = () => listOpenOf(requests, places, producer.identity.producerId);
  if ((await look()).length === 0) return false;
  // On their way, or left out?
  await producer.marked();
  const open = await look();
  if (open.length > 0) await mark(settlement, open, 'committed');
  return open.length > 0;
}

async function mark(
  { requests, producer, note }: Settlement,
  places: readonly TopicPartition[],
  outcome: Outcome,
): Promise<void> {
  // What is open is aborted with a transaction that nobody ends.
  if (outcome === 'committed') await note.write({ outcome, marking: producer.identity });
  await producer.mark(
    byTopic(places, ({ partition }) => partition),
    outcome,
  );
  await producer.marked();
  const [left] = await listOpenOf(requests, places, producer.identity.producerId);
  if (left !== undefined) throw new Error(`${left.topic}-${left.partition} was left out once more`);
  if (outcome === 'committed') await note.write({ outcome });
}
