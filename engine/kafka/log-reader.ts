// Reads any set of partitions of a Kafka cluster from any offset, without a consumer group: what is asked for is read ahead from the
// brokers that lead it, and `fetch` answers from memory. Positions are the caller's, and none is ever reset: an offset that the log
// does not have is an error of its partition until the caller asks for another.
//
// Outages end by themselves: leaders are looked up again, connections made anew, for ever and with growing pauses, and logged once.

import { setImmediate as turn } from 'node:timers/promises';
import {
  type ChangelogPart,
  EngineError,
  type Fetched,
  type FetchRequest,
  type KnownOffsets,
  type LogReader as LogReaderContract,
  type LogRecord,
  type TopicPartition,
} from '../api/index.ts';
import { createCluster, type KafkaClientOptions } from './client.ts';
import { FetchConnection, StalledError } from './fetch-connection.ts';
import type { FetchAnswer, FetchedPartition } from './fetch-protocol.ts';
import type { Cluster } from './kafkajs-internals.ts';
import { LeaderSearch } from './leader-search.ts';
import { errorName, type Node } from './leaders.ts';
import { type Flight, NodeFetcher } from './node-fetcher.ts';
import { ReaderPartition } from './reader-partition.ts';
import { type BinaryRecord, RecordSetDecoder } from './record-batch.ts';
import { Signal } from './signal.ts';

export interface LogReaderOptions extends KafkaClientOptions {
  /** Topics whose keys are bytes: they are read with `fetchBinary`, all others with `fetch`. */
  readonly binaryTopics: ReadonlySet<string>;
  /**
   * Sees the records of a partition before `fetch` does, which waits for what it returns: for what reading them needs and only the
   * network has. Not called for topics with binary keys. Must not reject: a rejection is logged and the records are handed out.
   */
  onFetched?(topic: string, records: readonly LogRecord[]): Promise<void> | undefined;
}

/** Kafka's numbers of errors of a partition. */
const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC = 3;
/** The event loop has its turn after so long, ms. */
const SLICE_MS = 10;
/** Attempts at a batch that cannot be read: the network may have been to blame. */
const MAX_ATTEMPTS = 3;
/** The end of a partition that is not read on is asked for at most so often, ms. */
const END_INTERVAL_MS = 5_000;
const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 2000;

/** Pause after the `failures`th failure in a row (from 1), ms: doubled each time, and spread, so that clients do not come back together. */
function backoffMs(failures: number): number {
  return Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
}

/**
 * See the head of the file. Topic names are physical. Values and binary keys are views of whole answers of up to 8 MB: who keeps one
 * for long copies it.
 */
export class LogReader implements LogReaderContract {
  readonly #options: LogReaderOptions;
  readonly #cluster: Cluster;
  readonly #partitions = new Map<string, ReaderPartition[]>();
  readonly #fetchers = new Map<number, NodeFetcher>();
  /** Brokers that do not answer: how often in a row, and since when. */
  readonly #failures = new Map<number, { count: number; readonly sinceMs: number }>();
  readonly #search: LeaderSearch;
  readonly #appended = new Signal();
  #sliceStartedMs = 0;
  #stalls = 0;
  #isClosed = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#cluster = createCluster(options);
    this.#search = new LeaderSearch({
      cluster: this.#cluster,
      logger: options.logger,
      backoffMs,
      partitions: () => this.#all(),
      connected: () => [...this.#fetchers.values()].flatMap(({ connection: { broker } }) => broker ?? []),
      found: (node) => this.#fetcher(node).wake(),
      failed: () => this.#appended.set(),
    });
  }

  /** Fetches that were cut because no answer came in time. */
  get stalls(): number {
    return this.#stalls;
  }

  /** Longest time for which a partition that is being read has had no answer, ms; 0 when none is. */
  get fetchAgeMs(): number {
    const now = performance.now();
    let age = 0;
    for (const partition of this.#all())
      if (!partition.isFull && partition.error === undefined) age = Math.max(age, now - partition.answeredAtMs);
    return age;
  }

  fetch(requests: readonly FetchRequest[]): readonly Fetched[] {
    // Nothing is taken before it is known that no partition is in error: the others' records would be lost.
    const partitions = requests.map((request) => this.#partition(request, request.offset));
    return requests.map(({ offset, maxRecords }, i) => {
      const taken = this.#take(partitions[i]!, offset, maxRecords);
      // By the set of binary topics, these are of the other kind.
      return { records: taken.records as readonly LogRecord[], next: taken.next };
    });
  }

  /** As `fetch`, of one partition of a topic with binary keys. */
  fetchBinary(place: TopicPartition, offset: number, maxRecords: number): ChangelogPart {
    const taken = this.#take(this.#partition(place, offset), offset, maxRecords);
    return { records: taken.records as readonly BinaryRecord[], next: taken.next };
  }

  /** Of a partition that has been asked for and answered; both 0 until then. */
  offsets({ topic, partition }: TopicPartition): KnownOffsets {
    const found = this.#partitions.get(topic)?.[partition];
    if (found === undefined) return { start: 0, end: 0 };
    if (found.isFull) void this.#askEnd(found);
    return { start: found.start, end: found.end, oldestMs: found.oldestMs };
  }

  /** Also resolves when a partition has come into error, which `fetch` then tells. */
  appended(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return this.#appended.wait(timeoutMs, signal);
  }

  /** Reads these no more, and drops what has been read ahead. */
  forget(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const known = this.#partitions.get(topic);
      const found = known?.[partition];
      if (known === undefined || found === undefined) continue;
      found.restart(0);
      delete known[partition];
    }
  }

  /** Ends all connections. Idempotent; never rejects. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#search.close();
    for (const fetcher of this.#fetchers.values()) fetcher.close();
    this.#fetchers.clear();
    for (const connection of this.#cluster.brokerPool.seedBroker?.connectionPool.pool ?? []) {
      connection.rejectRequests(new Error('the reader is closed'));
      connection.socket?.destroy();
    }
    await this.#cluster.disconnect().catch(() => {});
    this.#appended.set();
  }

  *#all(): Iterable<ReaderPartition> {
    for (const partitions of this.#partitions.values())
      for (const partition of partitions) if (partition !== undefined) yield partition;
  }

  /** Nothing is fetched while enough has been read ahead, so nobody tells where the log ends: it is asked for once in a while. */
  async #askEnd(partition: ReaderPartition): Promise<void> {
    const { leader, topic } = partition;
    if (leader === undefined || performance.now() - partition.answeredAtMs < END_INTERVAL_MS) return;
    partition.answeredAtMs = performance.now();
    try {
      const range = await this.#fetchers.get(leader.nodeId)?.connection.range(topic, partition.partition);
      partition.start = Math.max(partition.start, range?.start ?? 0);
      partition.end = Math.max(partition.end, range?.end ?? 0);
    } catch {
      // The fetches will notice whatever it is.
    }
  }

  /** The partition, being read from `offset` on. @throws {EngineError} when there is nothing to read at `offset` and never will be. */
  #partition({ topic, partition }: TopicPartition, offset: number): ReaderPartition {
    let known = this.#partitions.get(topic);
    if (known === undefined) {
      known = [];
      this.#partitions.set(topic, known);
    }
    let found = known[partition];
    if (found === undefined) {
      found = new ReaderPartition(topic, partition, offset, this.#options.binaryTopics.has(topic));
      known[partition] = found;
      this.#search.start();
    } else if (!found.buffer.holds(offset)) {
      found.restart(offset);
    } else if (found.error !== undefined && !found.buffer.hasFrom(offset)) {
      throw found.error;
    }
    return found;
  }

  #take(partition: ReaderPartition, offset: number, maxRecords: number) {
    const taken = partition.take(offset, maxRecords);
    if (partition.isWanted) this.#fetchers.get(partition.leader!.nodeId)?.wake();
    return taken;
  }

  /** The fetcher of a broker, made when there is none, or none at its present address. */
  #fetcher(node: Node): NodeFetcher {
    const known = this.#fetchers.get(node.nodeId);
    if (known !== undefined) {
      const { host, port } = known.connection.node;
      if (host === node.host && port === node.port) return known;
      known.close();
      this.#release(node.nodeId, node);
    }
    const failures = this.#failures.get(node.nodeId)?.count ?? 0;
    const fetcher = new NodeFetcher({
      connection: new FetchConnection(this.#cluster, node, this.#options.requestTimeoutMs),
      backoffMs: failures === 0 ? 0 : backoffMs(failures),
      partitions: () => this.#all(),
      answered: (from, flight, answer) => this.#answered(from, flight, answer),
      failed: (from, error) => this.#failed(from, error),
    });
    this.#fetchers.set(node.nodeId, fetcher);
    return fetcher;
  }

  #failed(fetcher: NodeFetcher, error: unknown): void {
    fetcher.close();
    // The other connection's failure may have been first.
    if (this.#isClosed || this.#fetchers.get(fetcher.nodeId) !== fetcher) return;
    this.#fetchers.delete(fetcher.nodeId);
    if (error instanceof StalledError) this.#stalls += 1;
    const failure = this.#failures.get(fetcher.nodeId);
    if (failure === undefined) {
      this.#failures.set(fetcher.nodeId, { count: 1, sinceMs: performance.now() });
      const { host, port } = fetcher.connection.node;
      this.#options.logger.warn('kafka.fetch.interrupted', { broker: `${host}:${port}`, error: errorName(error) });
    } else {
      failure.count += 1;
    }
    this.#release(fetcher.nodeId, undefined);
    this.#search.start();
  }

  /** What a closed fetcher has asked for does not come: whoever leads its partitions now is asked anew. */
  #release(nodeId: number, leader: Node | undefined): void {
    for (const partition of this.#all()) {
      if (partition.leader?.nodeId !== nodeId) continue;
      partition.leader = leader;
      partition.flight = undefined;
    }
  }

  async #answered(fetcher: NodeFetcher, flight: Flight, answer: FetchAnswer): Promise<void> {
    const failure = this.#failures.get(fetcher.nodeId);
    if (failure !== undefined) {
      this.#failures.delete(fetcher.nodeId);
      const { host, port } = fetcher.connection.node;
      const outageMs = Math.round(performance.now() - failure.sinceMs);
      this.#options.logger.info('kafka.fetch.resumed', { broker: `${host}:${port}`, outageMs });
    }
    const fetched = new Map<string, FetchedPartition>();
    for (const part of answer.partitions) fetched.set(`${part.topic}/${part.partition}`, part);
    this.#sliceStartedMs = performance.now();
    for (const partition of flight) {
      if (partition.flight !== flight) continue;
      const part = fetched.get(`${partition.topic}/${partition.partition}`);
      partition.answeredAtMs = performance.now();
      if (part === undefined) partition.flight = undefined;
      else if (part.errorCode !== 0) await this.#refused(fetcher, partition, flight, part.errorCode);
      else await this.#read(partition, flight, part);
    }
    fetcher.wake();
  }

  /** Decodes what came for a partition, in slices, and adds it to what has been read ahead. */
  async #read(partition: ReaderPartition, flight: Flight, part: FetchedPartition): Promise<void> {
    const { topic, buffer } = partition;
    partition.start = part.logStartOffset;
    partition.end = part.lastStableOffset;
    const decoder = new RecordSetDecoder(part.recordSet, {
      topic,
      partition: partition.partition,
      from: buffer.end,
      aborted: part.aborted,
      binaryKeys: partition.binaryKeys,
    });
    let failure: unknown;
    try {
      while (decoder.step()) {
        if (performance.now() - this.#sliceStartedMs < SLICE_MS) continue;
        await turn();
        this.#sliceStartedMs = performance.now();
        if (partition.flight !== flight) return;
      }
      partition.unreadable = 0;
    } catch (error) {
      failure = error;
    }
    const { records } = decoder;
    partition.caughtUp = decoder.next >= part.lastStableOffset;
    const add = () => {
      if (partition.flight !== flight) return;
      partition.flight = undefined;
      const isNews = decoder.next > buffer.end;
      if (isNews) buffer.add(records, decoder.next, decoder.bytes);
      if (failure !== undefined) this.#unreadable(partition, failure);
      if (isNews) this.#appended.set();
    };
    const isShown = records.length > 0 && !partition.binaryKeys;
    const shown = isShown ? this.#options.onFetched?.(topic, records as readonly LogRecord[]) : undefined;
    if (shown === undefined) return add();
    // Not awaited: what one topic waits for holds up no other.
    void shown
      .catch((error) => this.#options.logger.warn('kafka.fetched.failed', { topic, error: errorName(error) }))
      .then(() => {
        add();
        if (partition.leader !== undefined) this.#fetchers.get(partition.leader.nodeId)?.wake();
      });
  }

  /** Tried again a few times, then the partition's error, told when all before it has been handed out. */
  #unreadable(partition: ReaderPartition, error: unknown): void {
    partition.unreadable += 1;
    if (partition.unreadable < MAX_ATTEMPTS) return;
    partition.error =
      error instanceof EngineError
        ? error
        : new EngineError('BATCH_UNREADABLE', `${partition.topic}-${partition.partition} cannot be read`, {
            cause: error,
          });
    this.#appended.set();
  }

  async #refused(fetcher: NodeFetcher, partition: ReaderPartition, flight: Flight, errorCode: number): Promise<void> {
    if (errorCode === OFFSET_OUT_OF_RANGE) {
      const { topic, partition: number } = partition;
      try {
        const range = await fetcher.connection.range(topic, number);
        if (partition.flight !== flight) return;
        partition.start = range.start;
        partition.end = range.end;
        const offset = partition.buffer.end;
        // Within: a new leader that had not caught up when it was asked. It is asked again.
        if (offset < range.start || offset > range.end) {
          partition.error = new EngineError(
            'OFFSET_OUT_OF_RANGE',
            `${topic}-${number} has no offset ${offset}: it holds ${range.start} to ${range.end}`,
            { context: { topic, partition: number, offset } },
          );
          this.#appended.set();
        }
      } catch {
        if (partition.flight !== flight) return;
        partition.leader = undefined;
      }
    } else {
      // Another leader, a broker that starts or does not know the topic yet: the metadata tells.
      partition.leader = undefined;
      if (errorCode !== UNKNOWN_TOPIC) partition.missingSinceMs = undefined;
    }
    partition.flight = undefined;
    if (partition.leader === undefined) this.#search.start();
  }
}
