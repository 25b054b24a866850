// Looks for the leaders of the partitions that have none, until each has one. A topic that the cluster does not know, or does not let
// us read, becomes the error of its partitions after a while; it is looked for still, and the error ends when it is there.

import { EngineError, type Logger } from '../api/index.ts';
import type { Broker, Cluster } from './kafkajs-internals.ts';
import { errorName, findLeaders, type Node, type TopicLeaders } from './leaders.ts';
import type { ReaderPartition } from './reader-partition.ts';

/** How long a topic may be unknown before that is an error: topics that were just created reach the brokers one by one. */
const UNKNOWN_GRACE_MS = 3000;

const REASONS: { readonly [error: string]: string } = {
  UNKNOWN_TOPIC_OR_PARTITION: 'the cluster does not know it',
  INVALID_TOPIC_EXCEPTION: 'its name is not valid',
  TOPIC_AUTHORIZATION_FAILED: 'this client may not read it',
};

export interface LeaderSearchOptions {
  readonly cluster: Cluster;
  readonly logger: Logger;
  backoffMs(failures: number): number;
  partitions(): Iterable<ReaderPartition>;
  /** Brokers that are connected already. */
  connected(): readonly Broker[];
  /** A broker leads partitions that had no leader. */
  found(node: Node): void;
  /** A partition has come into error. */
  failed(): void;
}

export class LeaderSearch {
  readonly #options: LeaderSearchOptions;
  #isRunning = false;
  #isClosed = false;
  #isAgain = false;
  #failures = 0;
  /** Ends the present pause. */
  #proceed: (() => void) | undefined;

  constructor(options: LeaderSearchOptions) {
    this.#options = options;
  }

  /** A partition has no leader. */
  start(): void {
    if (this.#isClosed) return;
    this.#isAgain = true;
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#proceed?.();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // Those that are asked for in one go are looked up in one go.
    await Promise.resolve();
    let attempts = 0;
    while (!this.#isClosed) {
      this.#isAgain = false;
      const isComplete = await this.#look();
      if (isComplete && !this.#isAgain) break;
      if (!isComplete) await this.#pause(this.#options.backoffMs(++attempts));
    }
    this.#isRunning = false;
    // A partition may have lost its leader between the last look and here.
    if (this.#isAgain) this.start();
  }

  /** One look at all that are missing. Whether each has a leader now. */
  async #look(): Promise<boolean> {
    const missing = new Map<string, ReaderPartition[]>();
    for (const partition of this.#options.partitions()) {
      if (partition.leader !== undefined) continue;
      const same = missing.get(partition.topic);
      if (same === undefined) missing.set(partition.topic, [partition]);
      else same.push(partition);
    }
    if (missing.size === 0) return true;
    let topics: readonly TopicLeaders[];
    try {
      topics = await findLeaders(this.#options.cluster, this.#options.connected(), [...missing.keys()]);
    } catch (error) {
      this.#failures += 1;
      if (this.#failures === 1 && !this.#isClosed)
        this.#options.logger.warn('kafka.metadata.interrupted', { error: errorName(error) });
      return false;
    }
    if (this.#failures > 0) this.#options.logger.info('kafka.metadata.resumed', { attempts: this.#failures });
    this.#failures = 0;
    if (this.#isClosed) return true;
    const nodes = new Map<number, Node>();
    let isComplete = true;
    let i = 0;
    for (const partitions of missing.values()) {
      const topic = topics[i++]!;
      for (const partition of partitions) {
        const node = 'leaders' in topic ? topic.leaders.get(partition.partition) : undefined;
        if (node !== undefined) {
          partition.leader = node;
          partition.missingSinceMs = undefined;
          if (partition.error?.code === 'TOPIC_UNKNOWN') partition.error = undefined;
          nodes.set(node.nodeId, node);
        } else {
          isComplete = false;
          this.#missing(partition, 'error' in topic ? topic.error : 'UNKNOWN_TOPIC_OR_PARTITION');
        }
      }
    }
    for (const node of nodes.values()) this.#options.found(node);
    return isComplete;
  }

  #missing(partition: ReaderPartition, error: string): void {
    const reason = REASONS[error];
    if (reason === undefined || partition.error !== undefined) return;
    const now = performance.now();
    partition.missingSinceMs ??= now;
    if (now - partition.missingSinceMs < UNKNOWN_GRACE_MS) return;
    const { topic, partition: number } = partition;
    partition.error = new EngineError('TOPIC_UNKNOWN', `${topic}-${number} cannot be read: ${reason}`, {
      context: { topic, partition: number },
    });
    this.#options.failed();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#proceed = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
