// The one writer of a task: everything that a commit adds to the log is one Kafka transaction under the task's own
// transactional id. Invariants: at most one commit at a time; after a failure no second one (see transactional-producer.ts).
//
// The steps of a commit, and what a crash after each leaves:
//   1. the partitions are added to the transaction   - the next claim, or the timeout, aborts it: nothing is visible
//   2. the batches are produced and acknowledged     - the same
//   3. the end of the transaction is acknowledged    - it is committed; the next owner reads it in the changelog
//   4. its marks are known to be in every partition  - as after 3; until then no next one begins (see settle.ts)
// The fourth happens in the background, or at the latest before the next commit.

import {
  type ChangelogRecord,
  EngineError,
  type ProducerRecord,
  partitionOf,
  type TaskWriter,
  type TopicPartition,
} from '../api/index.ts';
import { BatchArena } from './batch-arena.ts';
import { type Compression, encodeBatch, recordBytes, type WritableRecord } from './batch-encoder.ts';
import { BrokerRequests, protocolErrorOf } from './broker-requests.ts';
import { ClaimNote, isSame, type Noted } from './claim-note.ts';
import type { KafkaClientOptions } from './client.ts';
import type { LastTransaction, ProducerIdentity } from './describe-transaction.ts';
import { byTopic } from './offset-ranges.ts';
import type { PartitionBatch } from './produce-protocol.ts';
import { retryUntil } from './retry.ts';
import { isMarked, settle } from './settle.ts';
import { TransactionalProducer } from './transactional-producer.ts';

export interface TaskWriterOptions {
  readonly client: KafkaClientOptions;
  readonly applicationId: string;
  readonly taskId: number;
  /** Physical name of the changelog topic; the task's partition is its number. */
  readonly changelogTopic: string;
  /** Physical names of all topics that the task may write to, by logical name. */
  readonly topics: ReadonlyMap<string, string>;
  /** After so long the coordinator aborts a transaction that has not ended, ms. */
  readonly transactionTimeoutMs: number;
  /** How long a claim tries, ms. */
  readonly claimTimeoutMs: number;
  /** Ends a claim that is under way. */
  readonly signal?: AbortSignal | undefined;
  /** Most of a batch before compression: brokers refuse batches above `max.message.bytes`, 1 MB unless told otherwise. */
  readonly maxBatchBytes: number;
  readonly compression: Compression;
  /** Epoch ms for changelog records. */
  nowMs(): number;
}

/** Most of one request to one broker; brokers refuse 100 MB. */
const MAX_REQUEST_BYTES = 8 * 1024 * 1024;
/** From the end of a transaction until its marks are looked for at the latest, ms: they take two or three, and longer under load. */
const MARKING_MS = 25;
/** What brokers answer to an owner that another one has followed. */
const FENCED: ReadonlySet<string> = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']);
/** What they answer to records that they will never take, long before the end of the transaction. */
const NEVER_TAKEN: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_TIMESTAMP']);

interface PartitionWork {
  readonly topic: string;
  readonly partition: number;
  readonly records: WritableRecord[];
}

interface Chunk {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly WritableRecord[];
  readonly bytes: number;
}

/**
 * Claims a task: its former writer is fenced, and what that had begun has ended when this resolves.
 * @throws {EngineError} `BROKER_UNAVAILABLE` after `claimTimeoutMs`, when `signal` aborts, or at once where no retry helps.
 */
export async function claimTask(options: TaskWriterOptions): Promise<TaskWriter> {
  const requests = new BrokerRequests(options.client);
  const deadlineMs = performance.now() + options.claimTimeoutMs;
  const { applicationId, taskId, signal } = options;
  // A broker that is silent would be waited for; what is half done is for the next claim to find, as after a crash.
  const giveUp = () => void requests.disconnect();
  signal?.addEventListener('abort', giveUp, { once: true });
  const note = new ClaimNote(requests, applicationId, { topic: options.changelogTopic, partition: taskId });
  try {
    const producer = await retryUntil(deadlineMs, () => claimOnce(options, requests, note, deadlineMs), signal);
    return new KafkaTaskWriter(options, requests, producer);
  } catch (cause) {
    await requests.disconnect();
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new EngineError('BROKER_UNAVAILABLE', `task ${options.taskId} cannot be claimed: ${text}`, {
      context: { taskId: options.taskId },
      cause,
    });
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

/** Not repeated; may be called again. */
async function claimOnce(
  options: TaskWriterOptions,
  requests: BrokerRequests,
  note: ClaimNote,
  deadlineMs: number,
): Promise<TransactionalProducer> {
  const { client, applicationId, taskId, changelogTopic, topics, transactionTimeoutMs } = options;
  await requests.connect([changelogTopic, ...topics.values()]);
  const claiming = { requests, transactionalId: `${applicationId}-task-${taskId}`, transactionTimeoutMs };
  for (;;) {
    let noted: Noted | undefined;
    let ongoing: ProducerIdentity | undefined;
    const producer = await TransactionalProducer.claim(claiming, deadlineMs, async (last) => {
      // In this order: what goes on and is named by a note was named before.
      noted = await note.read();
      ongoing = last?.outcome === undefined ? last?.producer : undefined;
      const marking = noted?.marking;
      if (marking !== undefined) {
        if (isSame(ongoing, marking)) return 'commit';
        if (!isOver(marking, last)) {
          if (note.isBusy(marking)) return 'wait';
        } else if (last.outcome === 'aborted' && last.producer.producerEpoch <= marking.producerEpoch + 1)
          // By the coordinator, for its age, or by a claim that was held up.
          client.logger.error('kafka.commit-lost', { taskId });
      }
      if (last?.outcome !== undefined && (noted?.outcome !== last.outcome || marking !== undefined)) {
        noted = { outcome: last.outcome };
        await note.write(noted);
      }
      return 'claim';
    });
    if (ongoing?.producerId === producer.identity.producerId) {
      // Its owner has ended it after we looked; whoever else ends one takes an epoch for that, too.
      const isOwners = producer.identity.producerEpoch === ongoing.producerEpoch + 1;
      noted = { outcome: isOwners ? 'committed' : 'aborted' };
      await note.write(noted);
    }
    // Where nobody has noted anything nothing was acknowledged to anybody: ended as if it had never been begun.
    const outcome = noted?.outcome ?? 'aborted';
    if (await settle({ requests, producer, note, ...placesOf(options, requests), outcome })) {
      client.logger.warn('kafka.transaction-settled', { taskId, outcome });
      continue;
    }
    // Whoever claims the task next may not hear how our first transaction ended.
    if (noted?.outcome !== 'committed' || noted.marking !== undefined) await note.write({ outcome: 'committed' });
    return producer;
  }
}

/** Whether a producer that a note names can set no marks any more: it has, or another one has come after it. */
function isOver(marking: ProducerIdentity, last: LastTransaction | undefined): last is LastTransaction {
  if (last === undefined || last.producer.producerId !== marking.producerId) return false;
  const { producerEpoch } = last.producer;
  return (
    producerEpoch > marking.producerEpoch || (producerEpoch === marking.producerEpoch && last.outcome !== undefined)
  );
}

class KafkaTaskWriter implements TaskWriter {
  readonly #options: TaskWriterOptions;
  readonly #requests: BrokerRequests;
  readonly #producer: TransactionalProducer;
  /** Of the commit under way: what the one before has written is acknowledged. */
  readonly #arena = new BatchArena();
  #status: 'READY' | 'COMMITTING' | 'FAILED' | 'CLOSED' = 'READY';
  #closing: Promise<void> | undefined;
  /** The partitions of the last commit, until they are known to be marked. */
  #unmarked: readonly TopicPartition[] = [];
  #lookTimer: NodeJS.Timeout | undefined;
  #look: Promise<void> | undefined;
  #isUnsettled = false;

  constructor(options: TaskWriterOptions, requests: BrokerRequests, producer: TransactionalProducer) {
    this.#options = options;
    this.#requests = requests;
    this.#producer = producer;
  }

  async commit(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): Promise<number> {
    if (this.#status !== 'READY') throw new TypeError(`a writer that is ${this.#status} cannot commit`);
    if (changelog.length === 0) throw new RangeError('a commit without a changelog record would leave no position');
    const work = this.#divide(changelog, records);
    this.#status = 'COMMITTING';
    let startedMs = performance.now();
    try {
      await this.#untilMarked();
      startedMs = performance.now();
      await this.#producer.begin(byTopic(work, ({ partition }) => partition));
      const end = await this.#produce(work);
      await this.#producer.commit();
      if (this.#status !== 'COMMITTING') return end;
      this.#status = 'READY';
      this.#unmarked = work.map(({ topic, partition }) => ({ topic, partition }));
      this.#lookTimer = setTimeout(() => {
        this.#look = this.#lookNow();
      }, MARKING_MS);
      return end;
    } catch (cause) {
      if (this.#status === 'COMMITTING') this.#status = 'FAILED';
      throw this.#failure(cause, performance.now() - startedMs);
    }
  }

  get isUnsettled(): boolean {
    return this.#isUnsettled;
  }

  /** Resolves when the last commit is marked: it would go the way of the next one. */
  async #untilMarked(): Promise<void> {
    clearTimeout(this.#lookTimer);
    this.#look ??= this.#lookNow();
    await this.#look;
    this.#look = undefined;
    if (!this.#isUnsettled) return;
    if (this.#status === 'CLOSED') throw new Error('the writer was closed');
    // A connection has ended, or a leader has moved.
    await this.#requests.connect([]);
    if (!(await isMarked(this.#requests, this.#producer, this.#unmarked)))
      throw new Error('the one before is not marked in all of its partitions');
    this.#isUnsettled = false;
  }

  /** Never rejects. */
  async #lookNow(): Promise<void> {
    if (this.#unmarked.length === 0) return;
    const isSeen = await isMarked(this.#requests, this.#producer, this.#unmarked).catch(() => false);
    this.#isUnsettled = !isSeen;
  }

  close(): Promise<void> {
    this.#status = 'CLOSED';
    clearTimeout(this.#lookTimer);
    // What is lost with the connections is settled by the next claim.
    this.#closing ??= this.#requests.disconnect();
    return this.#closing;
  }

  #divide(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): readonly PartitionWork[] {
    const { changelogTopic, taskId } = this.#options;
    const timestampMs = this.#options.nowMs();
    const ofChangelog: WritableRecord[] = [];
    for (const { key, value } of changelog) ofChangelog.push({ key, value, timestampMs, headers: undefined });
    const work: PartitionWork[] = [{ topic: changelogTopic, partition: taskId, records: ofChangelog }];
    const places = new Map<string, { readonly topic: string; readonly works: (PartitionWork | undefined)[] }>();
    for (const record of records) {
      let place = places.get(record.topic);
      if (place === undefined) {
        place = this.#placeOf(record.topic);
        places.set(record.topic, place);
      }
      const { topic, works } = place;
      // Without a key there is nothing to keep together: the task's own partition is as good as any.
      const partition =
        record.partition ?? (record.key === undefined ? taskId % works.length : partitionOf(record.key, works.length));
      if (!(partition >= 0 && partition < works.length))
        throw new RangeError(`${record.topic} has ${works.length} partitions and no ${partition}`);
      let ofPartition = works[partition];
      if (ofPartition === undefined) {
        ofPartition = { topic, partition, records: [] };
        works[partition] = ofPartition;
        work.push(ofPartition);
      }
      ofPartition.records.push(record);
    }
    return work;
  }

  #placeOf(logical: string): { readonly topic: string; readonly works: (PartitionWork | undefined)[] } {
    const { topics, taskId } = this.#options;
    const topic = topics.get(logical);
    if (topic === undefined)
      throw new EngineError('TOPIC_UNKNOWN', `no topic ${logical} is open`, { context: { taskId } });
    return { topic, works: new Array<PartitionWork | undefined>(this.#requests.partitions(topic)).fill(undefined) };
  }

  /** Produces everything and returns the offset after the last changelog record. */
  async #produce(work: readonly PartitionWork[]): Promise<number> {
    const { changelogTopic, taskId, maxBatchBytes } = this.#options;
    this.#arena.clear();
    const byLeader = Map.groupBy(work, ({ topic, partition }) => this.#requests.leader(topic, partition));
    let end = 0;
    await Promise.all(
      [...byLeader].map(async ([nodeId, ofLeader]) => {
        // One request at a time to a broker: two on their way could change places.
        for (const request of requestsOf(ofLeader, maxBatchBytes)) {
          const batches = request.map((chunk) => this.#encode(chunk));
          for (const [i, answer] of (await this.#producer.produce(nodeId, batches)).entries()) {
            const chunk =
              request.find((c) => c.topic === answer.topic && c.partition === answer.partition) ?? request[i]!;
            if (chunk.topic === changelogTopic && chunk.partition === taskId)
              end = answer.baseOffset + chunk.records.length;
          }
        }
      }),
    );
    return end;
  }

  #encode({ topic, partition, records }: Chunk): PartitionBatch {
    const place = this.#producer.next(topic, partition, records.length);
    const options = { ...place, compression: this.#options.compression };
    return { topic, partition, batch: encodeBatch(records, options, (bytes) => this.#arena.take(bytes)) };
  }

  #failure(cause: unknown, tookMs: number): EngineError {
    const { taskId, transactionTimeoutMs } = this.#options;
    const text = cause instanceof Error ? cause.message : String(cause);
    const context = { taskId };
    // A coordinator that aborts a transaction for its age ends the producer's epoch too: that is no other owner.
    if (FENCED.has(protocolErrorOf(cause) ?? '') && tookMs < transactionTimeoutMs)
      return new EngineError('TASK_FENCED', `task ${taskId} has another owner: ${text}`, { context, cause });
    if (cause instanceof RangeError || NEVER_TAKEN.has(protocolErrorOf(cause) ?? ''))
      return new EngineError('COMMIT_REFUSED', `a commit of task ${taskId} can never succeed: ${text}`, {
        context,
        cause,
      });
    return new EngineError('COMMIT_UNCERTAIN', `a commit of task ${taskId} may or may not be there: ${text}`, {
      context,
      cause,
    });
  }
}

/** All partitions that the task may have written. `requests` must know their topics. */
function placesOf(
  { taskId, changelogTopic, topics }: TaskWriterOptions,
  requests: BrokerRequests,
): { readonly changelog: TopicPartition; readonly others: readonly TopicPartition[] } {
  const others = [...topics.values()].flatMap((topic) =>
    Array.from({ length: requests.partitions(topic) }, (_, partition) => ({ topic, partition })),
  );
  return { changelog: { topic: changelogTopic, partition: taskId }, others };
}

/** Cuts the records of each partition into batches and puts these into requests: one batch of a partition at most in each. */
function requestsOf(work: readonly PartitionWork[], maxBatchBytes: number): readonly (readonly Chunk[])[] {
  const requests: { chunks: Chunk[]; bytes: number }[] = [];
  for (const { topic, partition, records } of work) {
    let earliest = 0;
    for (const chunk of chunksOf(topic, partition, records, maxBatchBytes)) {
      while ((requests[earliest]?.bytes ?? 0) > MAX_REQUEST_BYTES - chunk.bytes) earliest += 1;
      requests[earliest] ??= { chunks: [], bytes: 0 };
      const request = requests[earliest]!;
      request.chunks.push(chunk);
      request.bytes += chunk.bytes;
      // The partition's next batch must come in a later request.
      earliest += 1;
    }
  }
  return requests.map(({ chunks }) => chunks);
}

function* chunksOf(
  topic: string,
  partition: number,
  records: readonly WritableRecord[],
  maxBytes: number,
): Iterable<Chunk> {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const more = recordBytes(records[i]!);
    // A record that is larger than a batch may be goes alone: the broker says what it thinks of it.
    if (i > from && bytes + more > maxBytes) {
      yield { topic, partition, records: records.slice(from, i), bytes };
      from = i;
      bytes = 0;
    }
    bytes += more;
  }
  yield { topic, partition, records: records.slice(from), bytes };
}
