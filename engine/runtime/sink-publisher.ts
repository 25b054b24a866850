// Publishes what commits changed, in the background: a task goes on while its lists are on their way. What waits is a bounded set
// of keys, the latest value of each; a sink that is slow or away makes it grow, up to the bound at which the task pauses.

import { setTimeout as delay } from 'node:timers/promises';
import { errorType, type Logger, type Metrics, type SinkEntry, type Span, type VersionedSink } from '../api/index.ts';
import type { BatchTrace } from './batch-trace.ts';
import type { ChangedKeys } from './position.ts';
import { MAX_LINKS } from './sub-topology-trace.ts';

/** Entries that one call to the sink takes: a pipeline of about 1 MB of lists. */
const ENTRIES_PER_CALL = 500;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

interface Waiting {
  entry: SinkEntry;
  /** Commit since which some value of the key has been waiting. */
  since: number;
}

export interface SinkPublisherOptions {
  /** The sink of each versioned-sink node. */
  readonly sinks: ReadonlyMap<string, VersionedSink>;
  /** Keys that may wait, or be published of commits that are not over, before `hasRoom` is false. */
  readonly maxWaiting: number;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Called when everything of the commits up to this number is published. */
  published(commitNumber: number): void;
}

export class SinkPublisher {
  readonly #options: SinkPublisherOptions;
  readonly #waiting = new Map<string, Map<string, Waiting>>();
  /** Keys that are published, and whose commit is not over: its number, by node and key. */
  readonly #published = new Map<string, Map<string, number>>();
  readonly #closing = new AbortController();
  /** Of commits whose lists may wait, by number; the newest ones. */
  readonly #traces = new Map<number, BatchTrace>();
  #commitNumber = 0;
  /** Everything of the commits up to this number was published, and is not in `#published` any more. */
  #through = -1;
  #draining: Promise<void> | undefined;
  #isFailing = false;
  #hasChanged: (() => void)[] = [];

  constructor(options: SinkPublisherOptions) {
    this.#options = options;
    for (const node of options.sinks.keys()) {
      this.#waiting.set(node, new Map());
      this.#published.set(node, new Map());
    }
  }

  /** Keys that wait. */
  get waiting(): number {
    let count = 0;
    for (const waiting of this.#waiting.values()) count += waiting.size;
    return count;
  }

  /** Of keys that a position names: it must not become too large to be written. */
  get hasRoom(): boolean {
    let named = this.waiting;
    for (const published of this.#published.values()) named += published.size;
    return named < this.#options.maxWaiting;
  }

  /** Whether the last call to a sink failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /**
   * Keys that are not known to be published, by versioned-sink node, and the others of their commits: who makes one anew may need those
   * beside it (`republish` of `Processor`).
   */
  unpublished(): ChangedKeys {
    const keys: { [node: string]: string[] } = {};
    for (const [node, waiting] of this.#waiting) {
      const all = new Set([...this.#published.get(node)!.keys(), ...waiting.keys()]);
      if (all.size > 0) keys[node] = [...all];
    }
    return keys;
  }

  /** Takes what the commit of this number changed. */
  add(commitNumber: number, entriesByNode: ReadonlyMap<string, readonly SinkEntry[]>, trace?: BatchTrace): void {
    this.#commitNumber = commitNumber;
    // A repair adds to a commit that was over.
    if (this.#through >= commitNumber) this.#through = commitNumber - 1;
    if (trace !== undefined) this.#keep(commitNumber, trace);
    for (const [node, entries] of entriesByNode) {
      const waiting = this.#waiting.get(node)!;
      for (const entry of entries) {
        const known = waiting.get(entry.key);
        // A key that waits keeps its place: the first of the map is the one that has waited for longest.
        if (known === undefined) waiting.set(entry.key, { entry, since: commitNumber });
        else known.entry = entry;
      }
    }
    if (this.waiting === 0) {
      this.#traces.clear();
      this.#options.published(commitNumber);
    } else this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.waiting > 0 && !this.#closing.signal.aborted) {
      try {
        for (const [node, waiting] of this.#waiting) if (waiting.size > 0) await this.#publishSome(node, waiting);
        pauseMs = FIRST_PAUSE_MS;
        this.#recovered();
      } catch (error) {
        this.#failed(error);
        await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    }
    this.#draining = undefined;
  }

  async #publishSome(node: string, waiting: Map<string, Waiting>): Promise<void> {
    const taken: Waiting[] = [];
    const entries: SinkEntry[] = [];
    for (const one of waiting.values()) {
      taken.push(one);
      entries.push(one.entry);
      if (taken.length === ENTRIES_PER_CALL) break;
    }
    const span = this.#traces.size === 0 ? undefined : this.#startSpan(node, entries);
    const { metrics } = this.#options;
    const startedMs = performance.now();
    const took = () => (performance.now() - startedMs) / 1000;
    try {
      await this.#options.sinks.get(node)!.publish(entries);
      metrics.histogram('freshet.publication.duration').record(took());
    } catch (error) {
      metrics.histogram('freshet.publication.duration', { 'error.type': errorType(error) }).record(took());
      span?.fail(error);
      throw error;
    } finally {
      span?.end();
    }
    if (this.#closing.signal.aborted) return;
    const published = this.#published.get(node)!;
    for (let i = 0; i < taken.length; i++) {
      const one = taken[i]!;
      waiting.delete(one.entry.key);
      published.set(one.entry.key, entries[i]!.version);
      if (one.entry === entries[i]) continue;
      // A newer value came meanwhile.
      one.since = one.entry.version;
      waiting.set(one.entry.key, one);
    }
    metrics.counter('freshet.lists.published').add(entries.length);
    const through = this.#publishedThrough();
    // A commit of many thousand keys is over with the last of its calls: only then are they gone through.
    if (through > this.#through) this.#forgetPublished(through);
    if (this.#traces.size > 0) this.#forget(through);
    this.#options.published(through);
    this.wake();
  }

  #forgetPublished(through: number): void {
    this.#through = through;
    for (const keys of this.#published.values())
      keys.forEach((version, key) => {
        if (version <= through) keys.delete(key);
      });
  }

  #forget(through: number): void {
    for (const commitNumber of this.#traces.keys()) if (commitNumber <= through) this.#traces.delete(commitNumber);
  }

  /** While a sink is away, the traces of more commits than a span can name are of no use. */
  #keep(commitNumber: number, trace: BatchTrace): void {
    this.#traces.set(commitNumber, trace);
    if (this.#traces.size <= MAX_LINKS + 1) return;
    const [oldest] = this.#traces.keys();
    this.#traces.delete(oldest!);
  }

  /** A span in the trace of the first traced commit that is among the entries, with links to the others. */
  #startSpan(node: string, entries: readonly SinkEntry[]): Span | undefined {
    const traces = new Set<BatchTrace>();
    // An entry's version is the number of its commit.
    for (const { version } of entries) {
      const trace = this.#traces.get(version);
      if (trace !== undefined) traces.add(trace);
    }
    const [first, ...others] = traces;
    return first?.startPublication(node, entries.length, others);
  }

  #publishedThrough(): number {
    let through = this.#commitNumber;
    // All of them: a key whose newer value came while it was on its way waits behind those of later commits.
    for (const waiting of this.#waiting.values())
      waiting.forEach(({ since }) => {
        if (since <= through) through = since - 1;
      });
    return through;
  }

  #failed(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.logger.error('lists cannot be published, they wait', { error: String(error), waiting: this.waiting });
  }

  #recovered(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#options.logger.info('lists are published again', { waiting: this.waiting });
  }

  /** Has those who wait in `until` ask again. */
  wake(): void {
    const waiters = this.#hasChanged;
    this.#hasChanged = [];
    for (const waiter of waiters) waiter();
  }

  /** Resolves when `condition` holds, asked after every publication, or when it is closed. */
  async until(condition: (publisher: SinkPublisher) => boolean): Promise<void> {
    while (!condition(this) && !this.#closing.signal.aborted)
      await new Promise<void>((resolve) => this.#hasChanged.push(resolve));
  }

  /** Stops; what waits is left to the task's next owner. A call to the sink that is under way is not waited for. */
  close(): void {
    this.#closing.abort();
    this.wake();
  }
}
