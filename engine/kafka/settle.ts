// Brings the marks of a task's last transaction to every partition where they are missing.
//
// A transaction has ended when its coordinator says so; that each of its partitions is marked is the coordinator's work, a moment
// later. Kafka 4.3.0 leaves a partition out that has no leader at that moment ("likely deleted already and hence can be skipped"):
// so it is with the only broker of a cluster, stopped in order, or killed and started again. What the transaction wrote there
// stays open for ever, hides all that comes after it, and goes the way of the next transaction of the same id. So an owner looks for
// it before its next commit, and ends it the way it had ended. (KIP-98: marks; KIP-664: transactions that hang.)

import type { TopicPartition } from '../api/index.ts';
import type { BrokerRequests } from './broker-requests.ts';
import type { ClaimNote } from './claim-note.ts';
import type { Outcome } from './describe-transaction.ts';
import { byTopic, listOpen } from './offset-ranges.ts';
import type { TransactionalProducer } from './transactional-producer.ts';

export interface Settlement {
  readonly requests: BrokerRequests;
  /** Has claimed the id, and has no transaction under way. */
  readonly producer: TransactionalProducer;
  /** The task's partition of the changelog, which nobody else writes. */
  readonly changelog: TopicPartition;
  /** Every other partition that the task may have written. Other tasks may have transactions open there: a mark of ours is nothing to them. */
  readonly others: readonly TopicPartition[];
  /** Where an owner that comes while this goes on finds how it has to end. */
  readonly note: ClaimNote;
  /** How the id's last transaction ended; asked for where something is open. */
  outcome(): Promise<Outcome>;
}

/**
 * See the head of the file. Returns how what was missing of the task's own has ended, `undefined` where nothing was. Not repeated; may be called again.
 * @throws {Error} also when the changelog is still open afterwards.
 */
export async function settle(settlement: Settlement): Promise<Outcome | undefined> {
  const { requests, producer, changelog, others, note } = settlement;
  const open = await listOpen(requests, [changelog, ...others]);
  if (open.length === 0) return undefined;
  const outcome = await settlement.outcome();
  // What is open is aborted with a transaction that nobody ends.
  if (outcome === 'committed') await note.write({ outcome, marking: producer.identity });
  await producer.mark(
    byTopic(open, ({ partition }) => partition),
    outcome,
  );
  const isOwn = open.includes(changelog);
  if (isOwn) {
    // `mark` resolves before the marks are in the logs; an empty transaction over the changelog begins only when they are.
    await producer.mark([{ topic: changelog.topic, partitions: [changelog.partition] }], outcome);
    if ((await listOpen(requests, [changelog])).length > 0)
      throw new Error(`${changelog.topic}-${changelog.partition} has a transaction open that nobody can end`);
  }
  if (outcome === 'committed') await note.write({ outcome });
  return isOwn ? outcome : undefined;
}
