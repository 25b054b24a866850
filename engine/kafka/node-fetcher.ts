// Keeps one broker's partitions read ahead, with two fetches at a time over two connections:
//
//   steady    the partitions whose end has been reached, in one long poll
//   catch-up  all others, so that they need not wait for the long poll to end; its own waits are short
//
// A partition that catches up while the long poll is under way stays with the catch-up connection until the long poll ends; then the
// steady connection takes it over. The order of partitions in a request rotates, since brokers fill their answers in that order.

import { setTimeout as delay } from 'node:timers/promises';
import type { FetchConnection } from './fetch-connection.ts';
import type { FetchAnswer, FetchTarget } from './fetch-protocol.ts';
import type { ReaderPartition } from './reader-partition.ts';

/** How long a broker waits for the first record of the long poll. */
const STEADY_WAIT_MS = 250;
/** And in the other connection: as long as a newly wanted partition may have to wait. */
const CATCH_UP_WAIT_MS = 10;
/** The long poll is not repeated sooner, so that a stream of single records does not make a request of each. */
const STEADY_INTERVAL_MS = 5;
const MAX_PARTITION_BYTES = 1024 * 1024;
/** Of a changelog, which is read by nobody but restores, as fast as it can be: the broker is waited for half as often. */
const MAX_CHANGELOG_BYTES = 2 * 1024 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;
const STEADY = 0;
const CATCH_UP = 1;

/** What one request reads on. */
export type Flight = readonly ReaderPartition[];

export interface NodeFetcherOptions {
  readonly connection: FetchConnection;
  /** Pause before the first connection: the broker has failed before. */
  readonly backoffMs: number;
  /** All partitions of the reader. */
  partitions(): Iterable<ReaderPartition>;
  /** Resolves when the answer has been decoded. Never rejects. */
  answered(fetcher: NodeFetcher, flight: Flight, answer: FetchAnswer): Promise<void>;
  /** The connections are of no use any more. */
  failed(fetcher: NodeFetcher, error: unknown): void;
}

export class NodeFetcher {
  readonly connection: FetchConnection;
  readonly #options: NodeFetcherOptions;
  readonly #closing = new AbortController();
  readonly #isRunning: [boolean, boolean] = [false, false];
  #ready: Promise<void> | undefined;
  /** The long poll is under way. */
  #isPolling = false;
  /** A catch-up fetch of nothing but partitions that have caught up. */
  #idlePoll: Promise<void> | undefined;
  /** The steady connection waits to take those over. */
  #isHandingOver = false;
  #turn = 0;

  constructor(options: NodeFetcherOptions) {
    this.connection = options.connection;
    this.#options = options;
  }

  get nodeId(): number {
    return this.connection.node.nodeId;
  }

  /** A partition may be wanted that no request reads. */
  wake(): void {
    // In this order: what has caught up belongs to the long poll while it is free.
    if (!this.#isRunning[STEADY]) void this.#run(STEADY);
    if (!this.#isRunning[CATCH_UP]) void this.#run(CATCH_UP);
  }

  close(): void {
    this.#closing.abort();
    this.connection.close();
  }

  async #run(lane: typeof STEADY | typeof CATCH_UP): Promise<void> {
    this.#isRunning[lane] = true;
    try {
      while (!this.#closing.signal.aborted) {
        const isGoingOn = lane === STEADY ? await this.#steady() : await this.#catchUp();
        if (!isGoingOn) break;
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#options.failed(this, error);
    } finally {
      this.#isRunning[lane] = false;
    }
  }

  async #steady(): Promise<boolean> {
    if (this.#idlePoll !== undefined) {
      this.#isHandingOver = true;
      await this.#idlePoll;
      this.#isHandingOver = false;
    }
    const flight = this.#pick((partition) => partition.caughtUp);
    if (flight.length === 0) return false;
    const startedMs = performance.now();
    this.#isPolling = true;
    let answer: FetchAnswer;
    try {
      answer = await this.#fetch(STEADY, flight, STEADY_WAIT_MS);
    } finally {
      this.#isPolling = false;
    }
    await this.#options.answered(this, flight, answer);
    const leftMs = STEADY_INTERVAL_MS - (performance.now() - startedMs);
    if (leftMs > 1) await delay(leftMs);
    return true;
  }

  async #catchUp(): Promise<boolean> {
    const flight = this.#pick((partition) => !partition.caughtUp || (this.#isPolling && !this.#isHandingOver));
    if (flight.length === 0) return false;
    const done = Promise.withResolvers<void>();
    const isIdle = flight.every((partition) => partition.caughtUp);
    if (isIdle) this.#idlePoll = done.promise;
    try {
      const answer = await this.#fetch(CATCH_UP, flight, CATCH_UP_WAIT_MS);
      const decoded = this.#options.answered(this, flight, answer);
      // While these are decoded, the next request may read others.
      if (isIdle) await decoded;
    } finally {
      if (isIdle) this.#idlePoll = undefined;
      done.resolve();
    }
    return true;
  }

  /** Partitions of this broker that are wanted and that `belongs` lets through. */
  #pick(belongs: (partition: ReaderPartition) => boolean): Flight {
    const flight: ReaderPartition[] = [];
    for (const partition of this.#options.partitions())
      if (partition.leader?.nodeId === this.nodeId && partition.isWanted && belongs(partition)) flight.push(partition);
    for (const partition of flight) partition.flight = flight;
    return flight;
  }

  async #fetch(lane: number, flight: Flight, maxWaitMs: number): Promise<FetchAnswer> {
    const first = this.#turn++ % flight.length;
    const targets: FetchTarget[] = [];
    for (let i = 0; i < flight.length; i++) {
      const { topic, partition, buffer, binaryKeys } = flight[(first + i) % flight.length]!;
      const maxBytes = binaryKeys ? MAX_CHANGELOG_BYTES : MAX_PARTITION_BYTES;
      targets.push({ topic, partition, offset: buffer.end, maxBytes });
    }
    this.#ready ??= this.#wait();
    await this.#ready;
    const answer = await this.connection.fetch(lane, {
      targets,
      maxWaitMs,
      maxBytes: MAX_BYTES,
    });
    if (answer.errorCode !== 0) throw new Error(`the broker refused a fetch with error ${answer.errorCode}`);
    return answer;
  }

  async #wait(): Promise<void> {
    if (this.#options.backoffMs > 0) await delay(this.#options.backoffMs, undefined, { signal: this.#closing.signal });
  }
}
