// Brings the marks of a task's last transaction to every partition where they are missing.
//
// A transaction has ended when its coordinator says so; that each of its partitions is marked is the coordinator's work, a moment
// later. Kafka 4.3.0 leaves a partition out that has no leader at that moment ("likely deleted already and hence can be skipped"):
// so it is with the only broker of a cluster, stopped in order, or killed and started again. What the transaction wrote there
// stays open for ever, hides all that comes after it, and goes the way of the next transaction of the same id: one that is aborted
// takes it along, though it was acknowledged. So an owner begins none before it has seen the marks of the last one. Where they are
// missing the task is claimed anew, and the claim sets them. (KIP-98: marks; KIP-664: transactions that hang.)

import type { TopicPartition } from '../api/index.ts';
import type { BrokerRequests } from './broker-requests.ts';
import type { ClaimNote } from './claim-note.ts';
import { listOpenOf } from './describe-producers.ts';
import type { Outcome } from './describe-transaction.ts';
import { byTopic, listOpen } from './offset-ranges.ts';
import type { TransactionalProducer } from './transactional-producer.ts';

export interface Settlement {
  readonly requests: BrokerRequests;
  /** Has just claimed the id, and begun nothing. */
  readonly producer: TransactionalProducer;
  /** Where an owner that comes while this goes on finds how it has to end. */
  readonly note: ClaimNote;
  /** The task's partition of the changelog, which nobody else writes. */
  readonly changelog: TopicPartition;
  /** Every other partition that the task may have written. */
  readonly others: readonly TopicPartition[];
  /** How the id's last transaction ended. */
  readonly outcome: Outcome;
}

/**
 * Ends what the task has left open the way it had ended. Returns whether anything was: the producer must not be used again then, since a
 * late reader of the note may end any transaction of it, or take its next one for this one. Not repeated; may be called again.
 * @throws {Error} also when something is still open afterwards.
 */
export async function settle(settlement: Settlement): Promise<boolean> {
  const { producer, note, outcome } = settlement;
  const open = await openOf(settlement);
  if (open.length === 0) return false;
  // What is open is aborted with a transaction that nobody ends.
  if (outcome === 'committed') await note.reserve(outcome, producer.identity);
  await producer.mark(
    byTopic(open, ({ partition }) => partition),
    outcome,
  );
  await producer.untilMarked();
  const [left] = await openOf(settlement);
  if (left !== undefined)
    throw new Error(
      `${left.topic}-${left.partition} has a transaction open that cannot be ended: kafka-transactions.sh can`,
    );
  if (outcome === 'committed') await note.write({ outcome });
  return true;
}

async function openOf({ requests, producer, changelog, others }: Settlement): Promise<readonly TopicPartition[]> {
  return [
    // Of a producer id, too, that the coordinator has replaced by another one.
    ...(await listOpen(requests, [changelog])),
    // Other tasks may have transactions open there.
    ...(await listOpenOf(requests, others, producer.identity.producerId)),
  ];
}

/**
 * Whether the producer's last transaction, which has ended, is marked in all of its partitions. Waits for marks that are on their way. What
 * a leader has that is lost before a replica has it, with a second broker in the same moment, is not seen. Not repeated.
 */
export async function isMarked(
  requests: BrokerRequests,
  producer: TransactionalProducer,
  places: readonly TopicPartition[],
): Promise<boolean> {
  const look = () => listOpenOf(requests, places, producer.identity.producerId);
  if ((await look()).length === 0) return true;
  await producer.untilMarked();
  return (await look()).length === 0;
}
