// The list port: where the engine publishes, and serving reads, everything that an answer is made of. One round trip reads all keys
// of a request. Adapters: embedded-list-store.ts; any other has to pass test/conformance/list-store.ts unchanged.
//
// The rule of versions. Each key remembers the highest version that was published under it, for removed keys too. An entry with
// a lower version is ignored, one with an equal version replaces (it holds the same bytes: publishing may be repeated). So what
// several owners publish, in whatever order it arrives, ends with the newest owner's value.
import type { SinkEntry, VersionedSink } from '../engine/api/index.ts';

/** Longest key, UTF-8 bytes. */
export const MAX_LIST_KEY_BYTES = 1024;
/** Largest value. A list of 60 items with three reasons each takes 3 kB. */
export const MAX_LIST_VALUE_BYTES = 256 * 1024;

/** A published value. The caller may keep the bytes. */
export interface StoredEntry {
  readonly value: Uint8Array;
  readonly version: number;
}

/** A published value and its key. */
export interface ListEntry extends StoredEntry {
  readonly key: string;
}

/** What became of a key; `value` is `null` when it was removed. */
export interface ListChange {
  readonly key: string;
  readonly value: Uint8Array | null;
  readonly version: number;
}

/** Called after changes have been stored. It may hear of a change twice, or of one that a newer one has overtaken. */
export type ListListener = (changes: readonly ListChange[]) => void;

/** Every method but `close` rejects with a `TypeError` after `close`. */
export interface ListStore extends VersionedSink {
  /**
   * Stores the entries, in order, by the rule of versions. Visible to readers when it resolves; listeners hear of it then or soon after.
   * @throws {RangeError} when a key or a value is too large or empty, or a version is not a safe integer of 0 or more; then
   * nothing is stored.
   */
  publish(entries: readonly SinkEntry[]): Promise<void>;
  /** Entries in the order of `keys`, `undefined` where there is none, in one round trip. */
  getMany(keys: readonly string[]): Promise<readonly (StoredEntry | undefined)[]>;
  /** All entries whose key starts with `prefix`, in no promised order: for small, shared sets. */
  entries(prefix: string): AsyncIterable<ListEntry>;
  /**
   * Reports later changes of keys that start with `prefix`. Resolves when it listens, so: watch, then read `entries`, and keep
   * of each key the highest version. What the listener throws is not seen by the publisher.
   * @param only The keys that are reported, a set that may change meanwhile; left out, all.
   */
  watch(prefix: string, listener: ListListener, only?: ReadonlySet<string>): Promise<() => void>;
  /** Resolves when the store answers. */
  ping(): Promise<void>;
  /** Ends all watches. Idempotent. */
  close(): Promise<void>;
}
