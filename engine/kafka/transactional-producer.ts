// A producer with a transactional id (KIP-98), cut down to what a task needs: the id is claimed once, and each transaction is
// "add all partitions, produce to them, end". Beginnings and commits are repeated while the coordinator says that it has no time. Records are
// never sent a second time: after any other failure the producer is of no use, since it cannot know what the broker has (a repeated
// request may be taken for another one's duplicate, and records are lost without an error). Its owner claims the id anew, which
// settles the transaction, and looks.

import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchOptions } from './batch-encoder.ts';
import { type BrokerRequests, errorOfCode, protocolErrorOf } from './broker-requests.ts';
import { type LastTransaction, lastTransaction, type Outcome, type ProducerIdentity } from './describe-transaction.ts';
import { type PartitionBatch, type ProducedPartition, produceCall } from './produce-protocol.ts';

/** First pause before a request is repeated, ms; it doubles up to the second. */
const FIRST_PAUSE_MS = 2;
const LAST_PAUSE_MS = 100;
const MAX_SEQUENCE = 2 ** 31;

/** Kafka's code of what a coordinator answers that is busy with the last transaction. */
const CONCURRENT_TRANSACTIONS = 51;
/** Errors of a coordinator that is busy with the last transaction, moving or starting: what was asked is not done, or may be asked again. */
const BUSY: ReadonlySet<string> = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'UNKNOWN_TOPIC_OR_PARTITION',
]);
const MOVED: ReadonlySet<string> = new Set(['GROUP_COORDINATOR_NOT_AVAILABLE', 'NOT_COORDINATOR_FOR_GROUP']);

export interface TransactionalProducerOptions {
  readonly requests: BrokerRequests;
  readonly transactionalId: string;
  /** How long a transaction may last before the coordinator aborts it, ms. */
  readonly transactionTimeoutMs: number;
}

/** See the head of the file. One transaction at a time. */
export class TransactionalProducer {
  readonly #requests: BrokerRequests;
  readonly #transactionalId: string;
  readonly #timeoutMs: number;
  readonly #sequences = new Map<string, number>();
  #coordinator: number;
  readonly identity: ProducerIdentity;

  private constructor(options: TransactionalProducerOptions, coordinator: number, identity: ProducerIdentity) {
    this.#requests = options.requests;
    this.#transactionalId = options.transactionalId;
    this.#timeoutMs = options.transactionTimeoutMs;
    this.#coordinator = coordinator;
    this.identity = identity;
  }

  /**
   * Claims the id: every earlier producer of it is fenced and its open transaction has ended when this resolves.
   * `requests` must be connected. Repeats while the coordinator is busy, until `deadlineMs` on `performance.now()`.
   * `found` hears of the id's last transaction, and has done with it before the claim is sent, which makes the coordinator forget it and
   * aborts one that goes on. It may say to `commit` that one instead, or to `wait`, and is asked again then.
   */
  static async claim(
    options: TransactionalProducerOptions,
    deadlineMs: number,
    found: (last: LastTransaction | undefined) => Promise<'claim' | 'commit' | 'wait'>,
  ): Promise<TransactionalProducer> {
    const { requests, transactionalId, transactionTimeoutMs } = options;
    let coordinator: number | undefined;
    const claimed = await whileBusy(deadlineMs, async () => {
      coordinator ??= await requests.coordinator('transaction', transactionalId);
      try {
        const last = await lastTransaction(requests, coordinator, transactionalId);
        const next = await found(last);
        if (next === 'commit')
          await requests.send(coordinator, 'EndTxn', { transactionalId, ...last!.producer, transactionResult: true });
        if (next !== 'claim') throw errorOfCode(CONCURRENT_TRANSACTIONS);
        return await requests.send(coordinator, 'InitProducerId', {
          transactionalId,
          transactionTimeout: transactionTimeoutMs,
        });
      } catch (error) {
        if (MOVED.has(protocolErrorOf(error) ?? '')) coordinator = undefined;
        throw error;
      }
    });
    if (coordinator === undefined) throw new Error('a transactional id was claimed without a coordinator');
    return new TransactionalProducer(options, coordinator, claimed);
  }

  /** What the next batch of `count` records to a partition is encoded with. Batches must be produced in this order. */
  next(topic: string, partition: number, count: number): Omit<BatchOptions, 'compression'> {
    const place = `${topic}-${partition}`;
    const sequence = this.#sequences.get(place) ?? 0;
    this.#sequences.set(place, (sequence + count) % MAX_SEQUENCE);
    return { ...this.identity, sequence };
  }

  /** Begins a transaction over these partitions. */
  async begin(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): Promise<void> {
    const args = { transactionalId: this.#transactionalId, ...this.identity, topics };
    // Safe to repeat: to add a partition twice is to add it once.
    await this.#ask((coordinator) => this.#requests.send(coordinator, 'AddPartitionsToTxn', args));
  }

  /** Sends batches to the broker that leads their partitions, and resolves when every replica in sync has them. */
  async produce(nodeId: number, batches: readonly PartitionBatch[]): Promise<readonly ProducedPartition[]> {
    const call = produceCall(this.#transactionalId, batches, this.#timeoutMs);
    const { partitions } = await this.#requests.sendOwn(nodeId, call);
    const failed = partitions.find((partition) => partition.errorCode !== 0);
    if (failed !== undefined) throw errorOfCode(failed.errorCode);
    return partitions;
  }

  /** Commits the transaction. Readers see it as soon as its marks are in the logs, a moment after this resolves; see `untilMarked`. */
  commit(): Promise<void> {
    return this.#end('committed');
  }

  /**
   * Marks partitions as a transaction that ends so would, with nothing in it. What earlier transactions of this id have left there
   * without a mark ends with it.
   */
  async mark(
    topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
    outcome: Outcome,
  ): Promise<void> {
    await this.begin(topics);
    await this.#end(outcome);
  }

  /** Resolves when the coordinator has nothing to do for the last transaction any more: each partition is marked, or was left out. */
  async untilMarked(): Promise<void> {
    await this.#ask(async (coordinator) => {
      const last = await lastTransaction(this.#requests, coordinator, this.#transactionalId);
      if (last?.isMarking === true) throw errorOfCode(CONCURRENT_TRANSACTIONS);
    });
  }

  async #end(outcome: Outcome): Promise<void> {
    const transactionResult = outcome === 'committed';
    const args = { transactionalId: this.#transactionalId, ...this.identity, transactionResult };
    const end = (coordinator: number) => this.#requests.send(coordinator, 'EndTxn', args);
    // A commit is safe to repeat: one that is on its way goes on, one by a reader of the claims' note is the same, and whoever else has
    // ended the transaction has done it in a later epoch. An abort is told once: who claims the id meanwhile aborts what goes on, and
    // takes a late end in our epoch for a commit.
    if (outcome === 'committed') await this.#ask(end);
    else await end(this.#coordinator);
  }

  /** Sends what may be repeated to the coordinator, until it has time for it. */
  async #ask(send: (coordinator: number) => Promise<unknown>): Promise<void> {
    await whileBusy(performance.now() + this.#timeoutMs, async () => {
      try {
        await send(this.#coordinator);
      } catch (error) {
        if (MOVED.has(protocolErrorOf(error) ?? ''))
          this.#coordinator = await this.#requests.coordinator('transaction', this.#transactionalId);
        throw error;
      }
    });
  }
}

async function whileBusy<T>(deadlineMs: number, attempt: () => Promise<T>): Promise<T> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LAST_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      const type = protocolErrorOf(error);
      if (type === undefined || !BUSY.has(type) || performance.now() + pauseMs > deadlineMs) throw error;
      await sleep(pauseMs);
    }
  }
}
