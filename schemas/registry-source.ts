// Writer schemas from a schema registry (Confluent's interface), behind the synchronous port SchemaSource:
// `prepare` looks at the ids of a batch and fetches those not yet known before the serdes see the values.
//
// Invariants: nothing is refused because the registry is away (the batch waits); what the registry says it does not have is
// refused, and asked for again after 30 s, so that a schema registered later helps; a schema, once known, is never asked for
// again, since ids are never reused.
//
// There is no copy of the schemas on disk. A start waits for the registry BEFORE the caller can join a consumer group, so that
// members which know the ids already keep the tasks while it is away. Only writers need our own contracts to be registered.

import { setTimeout as delay } from 'node:timers/promises';
import type { Schema } from 'avsc';
import type { Clock, Logger } from '../engine/api/index.ts';
import { type SourceTopic, sourceTopics } from './records.ts';
import { type RegistryAddress, RegistryError, RegistryHttp, subjectOf } from './registry-http.ts';
import { RegistryReader } from './registry-reader.ts';
import { readerSchema, type SchemaSource } from './schema-source.ts';

export interface RegistryOptions extends RegistryAddress {
  /** Physical name of a topic; its contract is the subject `<name>-value`. */
  topicName(topic: SourceTopic): string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends every wait for the registry, with an `AbortError`. */
  readonly signal: AbortSignal;
}

/** A schema source that fetches ahead. */
export interface RegistrySchemaSource extends SchemaSource {
  /**
   * Makes the writer schemas of framed values known, as far as the registry has them; afterwards the values can be
   * deserialized. `undefined`, at once, when there is nothing to fetch. Waits as long as the registry is away.
   *
   * Rejects with an `AbortError` when the signal aborts, with nothing else.
   */
  prepare(values: Iterable<Uint8Array | null>): Promise<void> | undefined;
  /** Closes idle connections. */
  close(): void;
}

const HEADER_BYTES = 5;
/** Ids are positive 32-bit integers in Confluent's registry. */
const MAX_ID = 2 ** 31 - 1;
/** How long an id stays refused before the registry is asked again: what a forgotten registration costs after it is made. */
const REFUSED_MS = 30_000;
/** Refused ids that are remembered; a producer of random bytes must not fill the memory. */
const MAX_REFUSED = 10_000;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Why values of a schema id cannot be read, and until when that is believed. */
interface Refused {
  readonly reason: string;
  readonly untilMs: number;
}

/**
 * Waits until the registry answers, and looks up the ids of our own contracts.
 * @throws {RegistryError} when what answers is no registry, or does not let us in; an `AbortError` when the signal aborts.
 */
export async function connectRegistry(options: RegistryOptions): Promise<RegistrySchemaSource> {
  const source = new RegistrySource(options);
  try {
    await source.connect();
  } catch (error) {
    source.close();
    throw error;
  }
  return source;
}

class RegistrySource implements RegistrySchemaSource {
  readonly #options: RegistryOptions;
  readonly #http: RegistryHttp;
  readonly #reader: RegistryReader;
  readonly #ids = new Map<SourceTopic, number>();
  readonly #schemas = new Map<number, Schema>();
  readonly #refused = new Map<number, Refused>();
  readonly #fetching = new Map<number, Promise<void>>();
  /** Requests that have had no answer yet and go on asking. An outage lasts from the first to the last of them. */
  #waiting = 0;
  #awaySinceMs = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#http = new RegistryHttp(options);
    this.#reader = new RegistryReader(options);
  }

  async connect(): Promise<void> {
    await this.#untilAnswered(async () => {
      await this.#http.ping();
      await Promise.all(sourceTopics.map((topic) => this.#lookUp(topic)));
    }, isRejection);
  }

  async #lookUp(topic: SourceTopic): Promise<void> {
    const schema = readerSchema(topic);
    const registered = await this.#http.lookUp(subjectOf(this.#options.topicName(topic)), schema);
    if (registered === undefined) return;
    this.#ids.set(topic, registered.id);
    this.#schemas.set(registered.id, schema);
  }

  idFor(topic: SourceTopic): number {
    const id = this.#ids.get(topic);
    if (id !== undefined) return id;
    const subject = subjectOf(this.#options.topicName(topic));
    throw new RegistryError(`the contract of ${topic} is not registered as "${subject}": run freshet schemas register`);
  }

  writerSchema(id: number): Schema | undefined {
    return this.#schemas.get(id);
  }

  whyUnknown(id: number): string | undefined {
    return this.#refused.get(id)?.reason;
  }

  prepare(values: Iterable<Uint8Array | null>): Promise<void> | undefined {
    let missing: Set<number> | undefined;
    let last: number | undefined;
    for (const value of values) {
      if (value === null || value.length < HEADER_BYTES || value[0] !== 0) continue;
      const id = ((value[1]! << 24) | (value[2]! << 16) | (value[3]! << 8) | value[4]!) >>> 0;
      if (id === last) continue;
      last = id;
      if (this.#schemas.has(id) || this.#isRefused(id)) continue;
      missing ??= new Set();
      missing.add(id);
    }
    return missing === undefined ? undefined : this.#fetchAll(missing);
  }

  close(): void {
    this.#reader.close();
  }

  #isRefused(id: number): boolean {
    if (id > MAX_ID) return true;
    const refused = this.#refused.get(id);
    return refused !== undefined && refused.untilMs > this.#options.clock.nowMs();
  }

  async #fetchAll(ids: Iterable<number>): Promise<void> {
    await Promise.all(Array.from(ids, (id) => this.#fetchOnce(id)));
  }

  /** Several tasks may want the same id. */
  #fetchOnce(id: number): Promise<void> {
    let fetching = this.#fetching.get(id);
    if (fetching === undefined) {
      fetching = this.#untilAnswered(() => this.#fetch(id)).finally(() => this.#fetching.delete(id));
      this.#fetching.set(id, fetching);
    }
    return fetching;
  }

  /** Ends with the schema known or refused. @throws {RegistryError} when the registry is away. */
  async #fetch(id: number): Promise<void> {
    let found = await this.#reader.find(id);
    if (typeof found === 'string') {
      // A proxy in front of a registry that is away finds nothing either, or sends a page: only what a registry says twice, and
      // shows in between that it is one, is believed.
      await this.#http.ping();
      found = await this.#reader.find(id);
    }
    if (typeof found !== 'string') {
      this.#schemas.set(id, found);
      this.#refused.delete(id);
      return;
    }
    if (this.#refused.size >= MAX_REFUSED) this.#refused.delete(this.#refused.keys().next().value!);
    this.#refused.set(id, { reason: found, untilMs: this.#options.clock.nowMs() + REFUSED_MS });
  }

  /**
   * Repeats `ask` until the registry answers.
   * @throws what `ask` throws, if it is no {@link RegistryError} or `isFinal` says that waiting will not help.
   */
  async #untilAnswered(ask: () => Promise<void>, isFinal?: (error: RegistryError) => boolean): Promise<void> {
    const { signal } = this.#options;
    let isWaiting = false;
    try {
      for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
        try {
          await untilAborted(ask(), signal);
          return;
        } catch (error) {
          if (!(error instanceof RegistryError) || isFinal?.(error)) throw error;
          if (!isWaiting) this.#beginWaiting(error);
          isWaiting = true;
        }
        await delay(waitMs, undefined, { signal });
      }
    } finally {
      if (isWaiting) this.#endWaiting();
    }
  }

  #beginWaiting(error: RegistryError): void {
    this.#waiting += 1;
    if (this.#waiting > 1) return;
    this.#awaySinceMs = this.#options.clock.nowMs();
    this.#options.logger.warn('registry-away', { url: this.#http.base, error: error.message });
  }

  #endWaiting(): void {
    this.#waiting -= 1;
    const { clock, logger, signal } = this.#options;
    if (this.#waiting > 0 || signal.aborted) return;
    logger.info('registry-back', { url: this.#http.base, awayMs: clock.nowMs() - this.#awaySinceMs });
  }
}

/** Whether the answer will be the same until somebody changes the address or the credentials. */
const isRejection = ({ status }: RegistryError) =>
  status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429;

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(new DOMException('the wait for the schema registry was ended', 'AbortError'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
