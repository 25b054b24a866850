// How a task's last transaction ended, written down before the task is claimed. The claim makes the transaction's coordinator forget it, and
// whoever claims may die before the marks that a broker has left out are set (settle.ts): the next owner then finds it here. The note is
// the metadata of an offset that nobody reads from, in a group without members: a broker keeps it as it keeps any group's offsets.
//
// A note is written before a claim that finds a transaction which has ended, and believed where the coordinator knows of none since the
// claim, so it tells of the last transaction that there was; an owner that has nothing to settle leaves `committed` there for its first
// one. While marks are set by a transaction, the note names that transaction's producer, which is used for nothing else: who finds it going on commits it.
//
// A claim aborts what goes on, so none may be sent while another owner sets marks. Kafka has no lock, but a note is a register that all
// of them read and write: who is to set marks puts its name there, waits for much longer than others take from reading it to
// their claim, and goes on only if the name is still there; who finds a name does not claim (Fischer's algorithm: Lamport, A Fast Mutual
// Exclusion Algorithm, 1987).
import { setTimeout as sleep } from 'node:timers/promises';
import type { TopicPartition } from '../api/index.ts';
import type { BrokerRequests } from './broker-requests.ts';
import type { Outcome, ProducerIdentity } from './describe-transaction.ts';

/** Of a group without members. */
const NO_GENERATION = -1;
const NO_MEMBER = '';

export interface Noted {
  readonly outcome: Outcome;
  /** Who sets the marks of a committed transaction with one of its own, which has to be committed, too. */
  readonly marking?: ProducerIdentity | undefined;
}

/** Name of the group that keeps the notes of an application. */
export const claimsGroup = (applicationId: string): string => `${applicationId}-claims`;

/** From the name in the note until marks are set, ms: a claim that had read the note before has come by then. */
const STANDOFF_MS = 500;
/** A name that stays for so long is that of somebody who has died, ms. */
const LONGEST_MARKING_MS = 3_000;

export class ClaimNote {
  readonly #requests: BrokerRequests;
  readonly #groupId: string;
  readonly #place: TopicPartition;
  /** The name that was found last, and since when, on the monotonic clock. */
  #found: { readonly marking: ProducerIdentity; readonly sinceMs: number } | undefined;
  #own: ProducerIdentity | undefined;

  /** @param changelog the task's partition of it stands for the task. */
  constructor(requests: BrokerRequests, applicationId: string, changelog: TopicPartition) {
    this.#requests = requests;
    this.#groupId = claimsGroup(applicationId);
    this.#place = changelog;
  }

  /** In place of what was noted before. Not repeated. */
  async write(note: Noted): Promise<void> {
    const { topic, partition } = this.#place;
    await this.#requests.send(await this.#coordinator(), 'OffsetCommit', {
      groupId: this.#groupId,
      groupGenerationId: NO_GENERATION,
      memberId: NO_MEMBER,
      topics: [{ topic, partitions: [{ partition, offset: '0', metadata: textOf(note) }] }],
    });
  }

  /** `undefined` where none was written. Not repeated. */
  async read(): Promise<Noted | undefined> {
    const { topic, partition } = this.#place;
    const topics = [{ topic, partitions: [{ partition }] }];
    const args = { groupId: this.#groupId, topics };
    const { responses } = await this.#requests.send(await this.#coordinator(), 'OffsetFetch', args);
    return noteOf(responses[0]?.partitions[0]?.metadata ?? '');
  }

  /**
   * Puts a producer's name there.
   * @throws {Error} when another owner has written meanwhile, or will take the name for that of somebody who has died: the producer must not be used.
   */
  async reserve(outcome: Outcome, marking: ProducerIdentity): Promise<void> {
    const startedMs = performance.now();
    this.#own = marking;
    await this.write({ outcome, marking });
    await sleep(STANDOFF_MS);
    if (!isSame((await this.read())?.marking, marking)) throw new Error('another owner is claiming the task');
    if (performance.now() - startedMs > LONGEST_MARKING_MS / 2)
      throw new Error('the note could not be written in time');
  }

  /** Whether the producer that the note names is to be waited for: it may be alive. */
  isBusy(marking: ProducerIdentity): boolean {
    if (!isSame(this.#found?.marking, marking)) this.#found = { marking, sinceMs: performance.now() };
    // What this claim has sent before it failed may still be on its way.
    const longestMs = isSame(this.#own, marking) ? STANDOFF_MS : LONGEST_MARKING_MS;
    return performance.now() - this.#found!.sinceMs < longestMs;
  }

  #coordinator(): Promise<number> {
    return this.#requests.coordinator('group', this.#groupId);
  }
}

export function isSame(one: ProducerIdentity | undefined, other: ProducerIdentity): boolean {
  return one?.producerId === other.producerId && one.producerEpoch === other.producerEpoch;
}

const textOf = ({ outcome, marking }: Noted): string =>
  marking === undefined ? outcome : `${outcome} ${marking.producerId} ${marking.producerEpoch}`;

function noteOf(text: string): Noted | undefined {
  const [outcome, producerId, producerEpoch] = text.split(' ');
  if (outcome !== 'committed' && outcome !== 'aborted') return undefined;
  return {
    outcome,
    ...(producerId !== undefined && { marking: { producerId, producerEpoch: Number(producerEpoch) } }),
  };
}
