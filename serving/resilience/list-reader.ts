// Reads for answers, which never fail: the store's values where it answers in time, else the last good ones. Requests of the same turn of
// the event loop are read together, in one round trip with one time limit, so that neither costs a request much.
import type { Clock, Logger, Metrics } from '../../engine/api/index.ts';
import type { ListStore, StoredEntry } from '../../lists/index.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { LastGood } from './last-good.ts';
import { within } from './within.ts';

/** Keys of one round trip: 200 lists of 3 kB make 600 kB, which a store sends in a few ms. */
const MAX_BATCH_KEYS = 200;
/** Last good answers are shown for so long; then segments and everybody's list stand in. */
const LAST_GOOD_MAX_AGE_MS = 10 * 60_000;

/** What was read. */
export interface Reading {
  /** In the order of the keys, `undefined` where there is nothing or nothing is known. */
  readonly entries: readonly (StoredEntry | undefined)[];
  /** The store did not answer in time: entries are what this process remembers. */
  readonly isDegraded: boolean;
}

/** Reads lists, cards and blocks by key. */
export interface ListReader {
  /** Never rejects, and resolves within the time limit. */
  read(keys: readonly string[]): Promise<Reading>;
  /** The store is taken for away: answers come from memory. */
  readonly isStoreAway: boolean;
  close(): void;
}

export interface ListReaderOptions {
  readonly lists: Pick<ListStore, 'getMany' | 'ping'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long the store may take, ms. */
  readonly timeoutMs: number;
  /** For last good values. */
  readonly cacheBytes: number;
}

/** Requests that are read together. */
interface Batch {
  readonly keys: string[];
  readonly waiting: { readonly from: number; readonly to: number; readonly resolve: (reading: Reading) => void }[];
}

export function createListReader(options: ListReaderOptions): ListReader {
  const { lists, clock, logger, metrics, timeoutMs } = options;
  const lastGood = new LastGood({ clock, maxBytes: options.cacheBytes, maxAgeMs: LAST_GOOD_MAX_AGE_MS });
  const degraded = metrics.counter('serving.reads.degraded');
  const breaker = new CircuitBreaker({
    probe: () => within(timeoutMs, lists.ping()),
    changed(isOpen, error) {
      if (isOpen) logger.warn('lists-away', { error: error instanceof Error ? error.message : String(error) });
      else logger.info('lists-back');
    },
  });
  metrics.gauge('serving.lists.away', () => Number(breaker.isOpen));
  let next: Batch | undefined;

  function remembered(keys: readonly string[]): Reading {
    degraded.add(1);
    return { entries: keys.map((key) => lastGood.recent(key) ?? undefined), isDegraded: true };
  }

  async function send({ keys, waiting }: Batch): Promise<void> {
    let entries: readonly (StoredEntry | undefined)[];
    try {
      entries = await within(timeoutMs, lists.getMany(keys));
    } catch (error) {
      breaker.failed(error);
      for (const { from, to, resolve } of waiting) resolve(remembered(keys.slice(from, to)));
      return;
    }
    breaker.succeeded();
    keys.forEach((key, i) => {
      lastGood.keep(key, entries[i]);
    });
    for (const { from, to, resolve } of waiting) resolve({ entries: entries.slice(from, to), isDegraded: false });
  }

  function sendNext(): void {
    const batch = next;
    next = undefined;
    if (batch !== undefined) void send(batch);
  }

  return {
    read(keys) {
      if (breaker.isOpen) return Promise.resolve(remembered(keys));
      if (next !== undefined && next.keys.length + keys.length > MAX_BATCH_KEYS) sendNext();
      if (next === undefined) {
        next = { keys: [], waiting: [] };
        // After the sockets of this turn have been read.
        setImmediate(sendNext);
      }
      const batch = next;
      const from = batch.keys.length;
      batch.keys.push(...keys);
      return new Promise((resolve) => {
        batch.waiting.push({ from, to: from + keys.length, resolve });
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
