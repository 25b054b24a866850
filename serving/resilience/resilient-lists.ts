// The list store as serving sees it: it may be away at any time, at the start too, and no answer fails for it. Requests are read through
// list-reader.ts; small sets are followed (followed-set.ts); what everybody is answered with is kept in a file (remembered-file.ts).

import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock, Logger, Metrics } from '../../engine/api/index.ts';
import {
  CARD_PREFIX,
  cardKey,
  type ListEntry,
  type ListListener,
  type ListStore,
  listKey,
  topListSerde,
} from '../../lists/index.ts';
import { readPublished } from '../published.ts';
import { FollowedSet } from './followed-set.ts';
import { createListReader, type ListReader } from './list-reader.ts';
import { readRemembered, writeRemembered } from './remembered-file.ts';
import { isSharedList, SharedLists } from './shared-lists.ts';

/** What is left when nothing else is known: read from time to time, so that it is known before anybody asks. */
const EVERYBODYS_LISTS = ['popular', 'trending'].map((definition) =>
  listKey('segment', definition, 'default', 'global'),
);
/** From one look whether the file is due to the next. */
const WRITE_INTERVAL_MS = 5_000;
/** Lists of segments in the file, those in most use. */
const REMEMBERED_LISTS = 300;
const CARDS_AT_A_TIME = 200;

/** Reads by key, and sets that are followed. */
export interface ResilientLists extends ListReader {
  /** Reads the file. Before everything else. */
  open(): Promise<void>;
  /**
   * Tells the listener of everything under the prefix, and of every change from then on. Resolves when that is known, or after some seconds when
   * the store is away: then it follows when the store is back.
   */
  follow(prefix: string, listener: ListListener): Promise<void>;
  /** Reads everybody's lists, where the store is not in the same process. After the sets that tell what is blocked. */
  warm(): Promise<void>;
  /** Whether all sets that are followed are known, at least from the file. */
  readonly isKnown: boolean;
  /** Writes the file for the last time, when it is due. */
  close(): Promise<void>;
}

export interface ResilientListsOptions {
  readonly lists: ListStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** How long the store may take for an answer, ms. */
  readonly timeoutMs: number;
  /** For last good values of visitors, sessions and items. */
  readonly cacheBytes: number;
  /** How long lists of segments are answered with before they are read again, ms. */
  readonly sharedMaxAgeMs: number;
  /** Path of the file; none where the store is in the same process. Several processes may have the same one. */
  readonly file?: string | undefined;
}

export function createResilientLists(options: ResilientListsOptions): ResilientLists {
  const { lists, logger, file } = options;
  const shared = new SharedLists(options.sharedMaxAgeMs);
  const sets: FollowedSet[] = [];
  const isKnown = (): boolean => sets.every((set) => set.isKnown);
  const reader = createListReader({ ...options, shared, isUsable: isKnown });
  let remembered: readonly ListEntry[] | undefined;
  let writtenChanges = 0;
  let timer: NodeJS.Timeout | undefined;
  let hasFailed = false;

  const changes = (): number => sets.reduce((sum, set) => sum + set.changes, shared.changes);

  /** Cards of everything that the lists name, so that what filters by cards works on them. */
  async function cardsOf(listed: readonly ListEntry[]): Promise<ListEntry[]> {
    const ids = listed
      .flatMap(({ value }) => readPublished(topListSerde, value, logger)?.items ?? [])
      .map(({ id }) => id);
    const keys = [...new Set(ids)].map(cardKey);
    const found: ListEntry[] = [];
    for (let i = 0; i < keys.length; i += CARDS_AT_A_TIME) {
      const part = keys.slice(i, i + CARDS_AT_A_TIME);
      const entries = await lists.getMany(part);
      entries.forEach((entry, n) => {
        if (entry !== undefined) found.push({ key: part[n]!, ...entry });
      });
    }
    return found;
  }

  async function writeFile(path: string): Promise<void> {
    const now = changes();
    // What was only remembered must not be written over what may be more.
    if (now === writtenChanges || reader.isStoreAway || !sets.every((set) => set.isLive)) return;
    try {
      const listed = [...shared.entries()].slice(0, REMEMBERED_LISTS).map(([key, entry]) => ({ key, ...entry }));
      const followed = sets.flatMap((set) => [...set.entries].map(([key, entry]) => ({ key, ...entry })));
      await writeRemembered(path, [...listed, ...followed, ...(await cardsOf(listed))]);
      writtenChanges = now;
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.warn('remembered-lists-not-written', { error: (error as Error).message });
      hasFailed = true;
    }
  }

  /** Another process may have written it just now. */
  async function isDue(path: string): Promise<boolean> {
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
    return Date.now() - mtimeMs > WRITE_INTERVAL_MS / 2;
  }

  function writeLater(path: string): void {
    const write = async (): Promise<void> => {
      await reader.read(EVERYBODYS_LISTS);
      if (await isDue(path)) await writeFile(path);
      if (timer !== undefined) writeLater(path);
    };
    timer = setTimeout(() => void write(), WRITE_INTERVAL_MS);
    timer.unref();
  }

  return {
    async open() {
      if (file === undefined) return;
      try {
        remembered = await readRemembered(file);
        await mkdir(dirname(file), { recursive: true });
      } catch (error) {
        logger.warn('remembered-lists-not-read', { error: (error as Error).message });
      }
      for (const { key, ...entry } of remembered ?? []) if (isSharedList(key)) shared.remember(key, entry);
      writeLater(file);
    },
    async follow(prefix, listener) {
      const set = new FollowedSet({
        lists,
        prefix,
        listener,
        remembered: remembered?.filter(({ key }) => key.startsWith(prefix)),
        // All cards are many; the file has those of the lists in it.
        isKept: file !== undefined && prefix !== CARD_PREFIX,
        logger,
      });
      sets.push(set);
      await set.start();
    },
    async warm() {
      if (file !== undefined) await reader.read(EVERYBODYS_LISTS);
    },
    read: (keys) => reader.read(keys),
    get isStoreAway() {
      return reader.isStoreAway;
    },
    get isKnown() {
      return isKnown();
    },
    async close() {
      clearTimeout(timer);
      timer = undefined;
      if (file !== undefined) await writeFile(file);
      reader.close();
      for (const set of sets) set.close();
    },
  };
}
