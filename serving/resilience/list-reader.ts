// Reads for answers, which never fail: the store's values where it answers in time, else the last good ones. Requests of the same turn of
// the event loop are read together, in one round trip with one time limit, so that neither costs a request much.
import type { Clock, Logger, Metrics } from '../../engine/api/index.ts';
import type { ListStore, StoredEntry } from '../../lists/index.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Deadlines } from './deadlines.ts';
import { LastGood } from './last-good.ts';
import { isSharedList, type SharedLists } from './shared-lists.ts';
import { TooLateError, within } from './within.ts';

/** Keys of one round trip: 200 lists of 3 kB make 600 kB, which a store sends in a few ms. */
const MAX_BATCH_KEYS = 200;
/** Last good answers are shown for so long; then segments and everybody's list stand in. */
const LAST_GOOD_MAX_AGE_MS = 10 * 60_000;

/** What was read. */
export interface Reading {
  /** In the order of the keys, `undefined` where there is nothing or nothing is known. */
  readonly entries: readonly (StoredEntry | undefined)[];
  /** The store did not answer in time, or has lost what it had: entries are what this process remembers. */
  readonly isDegraded: boolean;
}

/** Reads lists, cards and blocks by key. */
export interface ListReader {
  /** Never rejects, and resolves within the time limit. */
  read(keys: readonly string[]): Promise<Reading>;
  /** The store is taken for away: answers come from memory. */
  readonly isStoreAway: boolean;
}

export interface ListReaderOptions {
  readonly lists: Pick<ListStore, 'getMany' | 'ping'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long the store may take, ms. */
  readonly timeoutMs: number;
  /** For last good values of visitors, sessions and items. */
  readonly cacheBytes: number;
  readonly shared: SharedLists;
  /** Until it says so nothing is read: an answer without knowledge of what is blocked would be a wrong one. */
  readonly isUsable: () => boolean;
}

/** Requests that are read together. */
interface Batch {
  /** What has to be read. */
  readonly keys: string[];
  readonly waiting: {
    readonly keys: readonly string[];
    /** What need not be read, by place. */
    readonly known: readonly (StoredEntry | undefined)[];
    readonly resolve: (reading: Reading) => void;
  }[];
}

export function createListReader(options: ListReaderOptions): ListReader & { close(): void } {
  const { lists, clock, logger, metrics, timeoutMs, shared, isUsable } = options;
  const lastGood = new LastGood({ clock, maxBytes: options.cacheBytes, maxAgeMs: LAST_GOOD_MAX_AGE_MS });
  const degraded = metrics.counter('freshet.reads.degraded');
  const breaker = new CircuitBreaker({
    probe: () => within(timeoutMs, lists.ping()),
    changed(isOpen, error) {
      if (isOpen) logger.warn('lists-away', { error: error instanceof Error ? error.message : String(error) });
      else logger.info('lists-back');
    },
  });
  metrics.gauge('freshet.breaker.open', () => Number(breaker.isOpen));
  let next: Batch | undefined;

  function recall(key: string): StoredEntry | undefined {
    return isSharedList(key) ? shared.last(key) : lastGood.recent(key);
  }

  function keep(key: string, entry: StoredEntry | undefined): StoredEntry | undefined {
    return isSharedList(key) ? shared.keep(key, entry) : lastGood.keep(key, entry);
  }

  function remembered(keys: readonly string[]): Reading {
    degraded.add(1);
    return { entries: keys.map(recall), isDegraded: true };
  }

  function failed({ waiting }: Batch, error: unknown): void {
    breaker.failed(error);
    for (const { keys, resolve } of waiting) resolve(remembered(keys));
  }

  function arrived({ waiting }: Batch, found: readonly (StoredEntry | undefined)[]): void {
    breaker.succeeded();
    let place = 0;
    for (const { keys, known, resolve } of waiting) {
      let isLost = false;
      const entries = keys.map((key, i) => {
        const entry = known[i];
        if (entry !== undefined) return entry;
        const stored = found[place++];
        const kept = keep(key, stored);
        isLost ||= stored === undefined && kept !== undefined;
        return kept;
      });
      resolve({ entries, isDegraded: isLost });
    }
  }

  const deadlines = new Deadlines<Batch>(timeoutMs, (batch) =>
    failed(batch, new TooLateError(`no answer within ${timeoutMs} ms`)),
  );

  function send(batch: Batch): void {
    deadlines.begin(batch);
    lists.getMany(batch.keys).then(
      (found) => {
        if (deadlines.end(batch)) arrived(batch, found);
      },
      (error: unknown) => {
        if (deadlines.end(batch)) failed(batch, error);
      },
    );
  }

  function sendNext(): void {
    const batch = next;
    next = undefined;
    if (batch !== undefined) send(batch);
  }

  return {
    read(keys) {
      if (!isUsable()) return Promise.resolve({ entries: keys.map(() => undefined), isDegraded: true });
      if (breaker.isOpen) return Promise.resolve(remembered(keys));
      if (next !== undefined && next.keys.length + keys.length > MAX_BATCH_KEYS) sendNext();
      if (next === undefined) {
        next = { keys: [], waiting: [] };
        // After the sockets of this turn have been read.
        setImmediate(sendNext);
      }
      const batch = next;
      const known = keys.map((key) => {
        const entry = isSharedList(key) ? shared.fresh(key) : undefined;
        if (entry === undefined) batch.keys.push(key);
        return entry;
      });
      return new Promise((resolve) => {
        batch.waiting.push({ keys, known, resolve });
      });
    },
    get isStoreAway() {
      return breaker.isOpen;
    },
    close() {
      breaker.close();
    },
  };
}
