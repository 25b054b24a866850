// A store of values by key: a write-back cache of decoded values over a keyspace of a Database. A value is decoded once when it is
// first read, encoded once per commit when it changed, and stays in memory while the byte budget lasts.
//
// Invariants. Every cached entry that is not dirty equals the database. A dirty entry is never evicted. Eviction depends on the
// order of calls alone, and never on what is returned: with any budget the store answers the same.
//
// Eviction is second chance (CLOCK; Corbató 1968) along the Map's insertion order: a hit only sets a flag, where strict LRU would
// delete and insert at every read.
import {
  type Counter,
  EngineError,
  type KeyRange,
  type Keyspace,
  type KeyValueStore,
  type Metrics,
  type Serde,
  type StoreSupplier,
  silentMetrics,
} from '../engine/api/index.ts';
import { checkKey, decodeKey, encodeKey, prefixEnd, successor } from './key-codec.ts';

export interface KeyValueStoreOptions<V> {
  /** Unique in the topology; also the column family. kebab-case. */
  readonly name: string;
  /** Bytes of a value, with a version in them: what was written must stay readable. */
  readonly codec: Serde<V>;
  /** What the values in memory may be charged in total, per task, when a commit ends. */
  readonly cacheMaxBytes: number;
  /** Bytes that a value takes in memory. Without it a value is charged {@link CHARGE_PER_ENCODED_BYTE} times its encoding. */
  readonly sizeOf?: (value: V) => number;
  /** Counters `freshet.store.cache.hits` and `.misses` by store. */
  readonly metrics?: Metrics;
}

/**
 * Decoded objects are larger than their compact encoding: 20 rows of three numbers each, in 432 bytes, took 5.6 times as much heap
 * on Node 24. Half: the budget is overdrawn; double: half of it is never used. Values in typed arrays need `sizeOf`.
 */
export const CHARGE_PER_ENCODED_BYTE = 6;

/** The Map's slot, the entry object and the key's header, bytes. What a cached absence costs. */
const ENTRY_BYTES = 120;

/** Between commits clean entries may take so many budgets: a batch may read more than the budget and still find what it loaded. */
const UNCOMMITTED_BUDGETS = 2;

interface Entry<V> {
  readonly key: string;
  /** `undefined`: the key is known to be absent. */
  value: V | undefined;
  charge: number;
  isDirty: boolean;
  /** Read since eviction last passed by. */
  isUsed: boolean;
}

/** Supplies the stores of one name, one per task. */
export function keyValueStore<V>(options: KeyValueStoreOptions<V>): StoreSupplier<KeyValueStore<V>> {
  if (!(options.cacheMaxBytes >= 0)) throw new RangeError(`cacheMaxBytes of store ${options.name} must be 0 or more`);
  return { name: options.name, create: (keyspace) => new CachedKeyValueStore(options, keyspace) };
}

class CachedKeyValueStore<V> implements KeyValueStore<V> {
  readonly name: string;
  readonly #codec: Serde<V>;
  readonly #sizeOf: ((value: V) => number) | undefined;
  readonly #maxBytes: number;
  readonly #keyspace: Keyspace;
  readonly #entries = new Map<string, Entry<V>>();
  readonly #dirty: Entry<V>[] = [];
  #cleanBytes = 0;
  #dirtyBytes = 0;
  #isFlushed = true;
  readonly #hitCounter: Counter;
  readonly #missCounter: Counter;
  #hits = 0;
  #misses = 0;

  constructor(options: KeyValueStoreOptions<V>, keyspace: Keyspace) {
    this.name = options.name;
    this.#codec = options.codec;
    this.#sizeOf = options.sizeOf;
    this.#maxBytes = options.cacheMaxBytes;
    this.#keyspace = keyspace;
    const metrics = options.metrics ?? silentMetrics;
    this.#hitCounter = metrics.counter('freshet.store.cache.hits', { 'freshet.store': options.name });
    this.#missCounter = metrics.counter('freshet.store.cache.misses', { 'freshet.store': options.name });
  }

  get memoryBytes(): number {
    return this.#cleanBytes + this.#dirtyBytes;
  }

  get hasChanges(): boolean {
    return this.#dirty.length > 0;
  }

  load(keys: readonly string[]): void {
    const missing: string[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry === undefined) missing.push(key);
      else entry.isUsed = true;
    }
    if (missing.length === 0) return;
    const { database, columnFamily, prefix } = this.#keyspace;
    const found = database.getMany(
      columnFamily,
      missing.map((key) => encodeKey(prefix, key)),
    );
    for (let i = 0; i < missing.length; i++) {
      // A key may be asked for twice in one call.
      if (!this.#entries.has(missing[i]!)) this.#cache(missing[i]!, found[i]);
    }
    this.#misses += missing.length;
  }

  get(key: string): V | undefined {
    return this.#entry(key).value;
  }

  getForUpdate(key: string): V | undefined {
    const entry = this.#entry(key);
    if (entry.value !== undefined) this.#markDirty(entry);
    return entry.value;
  }

  put(key: string, value: V): void {
    this.#change(key, value);
  }

  delete(key: string): void {
    this.#change(key, undefined);
  }

  *scan(
    options: { readonly prefix?: string; readonly after?: string; readonly limit?: number } = {},
  ): Generator<readonly [string, V]> {
    const { prefix = '', after, limit = Infinity } = options;
    const { database, columnFamily, prefix: tasksPrefix } = this.#keyspace;
    const first = encodeKey(tasksPrefix, prefix);
    const lt = prefixEnd(first);
    const behind = after === undefined ? first : successor(encodeKey(tasksPrefix, after));
    const gte = Buffer.compare(behind, first) > 0 ? behind : first;
    if (lt !== undefined && Buffer.compare(gte, lt) >= 0) return;
    const overlay = this.#overlay(prefix, gte);
    const range: KeyRange = {
      gte,
      ...(lt !== undefined && { lt }),
      // Each uncommitted change hides at most one stored entry.
      ...(limit !== Infinity && { limit: limit + overlay.length }),
    };
    let left = limit;
    let next = 0;
    for (const [keyBytes, bytes] of database.scan(columnFamily, range)) {
      let isHidden = false;
      while (next < overlay.length) {
        const order = Buffer.compare(overlay[next]!.keyBytes, keyBytes);
        if (order > 0) break;
        isHidden = order === 0;
        const { key, value } = overlay[next++]!;
        if (value === undefined) continue;
        if (left-- <= 0) return;
        yield [key, value];
      }
      if (isHidden) continue;
      if (left-- <= 0) return;
      const key = decodeKey(tasksPrefix.length, keyBytes);
      const cached = this.#entries.get(key);
      yield [key, cached?.isDirty === false && cached.value !== undefined ? cached.value : this.#decode(bytes)];
    }
    for (; next < overlay.length; next++) {
      const { key, value } = overlay[next]!;
      if (value === undefined) continue;
      if (left-- <= 0) return;
      yield [key, value];
    }
  }

  flush(write: (key: Uint8Array, value: Uint8Array | null) => void): void {
    for (const entry of this.#dirty) {
      const { key } = entry;
      const bytes = entry.value === undefined ? null : this.#codec.serialize(entry.value);
      this.#dirtyBytes -= entry.charge;
      entry.charge = this.#chargeOf(key, entry.value, bytes?.length ?? 0);
      this.#dirtyBytes += entry.charge;
      write(encodeKey(this.#keyspace.prefix, key), bytes);
    }
    this.#isFlushed = true;
  }

  committed(): void {
    if (!this.#isFlushed) throw new TypeError(`store ${this.name} has changes that were not flushed`);
    for (const entry of this.#dirty) entry.isDirty = false;
    this.#dirty.length = 0;
    this.#cleanBytes += this.#dirtyBytes;
    this.#dirtyBytes = 0;
    this.#endBatch();
  }

  rollback(): void {
    for (const { key } of this.#dirty) this.#entries.delete(key);
    this.#dirty.length = 0;
    this.#dirtyBytes = 0;
    this.#isFlushed = true;
    this.#endBatch();
  }

  #entry(key: string): Entry<V> {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      entry.isUsed = true;
      this.#hits++;
      return entry;
    }
    this.#misses++;
    const { database, columnFamily, prefix } = this.#keyspace;
    return this.#cache(key, database.get(columnFamily, encodeKey(prefix, key)));
  }

  #cache(key: string, bytes: Uint8Array | undefined): Entry<V> {
    const value = bytes === undefined ? undefined : this.#decode(bytes);
    const charge = this.#chargeOf(key, value, bytes?.length ?? 0);
    if (this.#cleanBytes + charge > this.#maxBytes * UNCOMMITTED_BUDGETS) this.#evict(this.#maxBytes);
    const entry: Entry<V> = { key, value, charge, isDirty: false, isUsed: false };
    this.#entries.set(key, entry);
    this.#cleanBytes += charge;
    return entry;
  }

  #change(key: string, value: V | undefined): void {
    checkKey(key);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      // What its value takes is known when it has been encoded.
      entry = { key, value, charge: ENTRY_BYTES + 2 * key.length, isDirty: true, isUsed: false };
      this.#entries.set(key, entry);
      this.#dirty.push(entry);
      this.#dirtyBytes += entry.charge;
      this.#isFlushed = false;
      return;
    }
    entry.value = value;
    this.#markDirty(entry);
  }

  #markDirty(entry: Entry<V>): void {
    this.#isFlushed = false;
    if (entry.isDirty) return;
    entry.isDirty = true;
    this.#dirty.push(entry);
    this.#cleanBytes -= entry.charge;
    this.#dirtyBytes += entry.charge;
  }

  /** Uncommitted changes of keys that start with `prefix` and are not before `gte`, in order. */
  #overlay(prefix: string, gte: Uint8Array): { keyBytes: Uint8Array; key: string; value: V | undefined }[] {
    const overlay: { keyBytes: Uint8Array; key: string; value: V | undefined }[] = [];
    for (const { key, value } of this.#dirty) {
      if (!key.startsWith(prefix)) continue;
      const keyBytes = encodeKey(this.#keyspace.prefix, key);
      if (Buffer.compare(keyBytes, gte) >= 0) overlay.push({ keyBytes, key, value });
    }
    return overlay.sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes));
  }

  #decode(bytes: Uint8Array): V {
    try {
      return this.#codec.deserialize(bytes);
    } catch (cause) {
      const text = `store ${this.name} holds a value that its codec cannot read: ${(cause as Error).message}`;
      throw new EngineError('STATE_FORMAT_UNKNOWN', text, { context: { store: this.name }, cause });
    }
  }

  #chargeOf(key: string, value: V | undefined, encodedBytes: number): number {
    const overhead = ENTRY_BYTES + 2 * key.length;
    if (value === undefined) return overhead;
    return overhead + (this.#sizeOf === undefined ? encodedBytes * CHARGE_PER_ENCODED_BYTE : this.#sizeOf(value));
  }

  #endBatch(): void {
    if (this.#cleanBytes > this.#maxBytes) this.#evict(this.#maxBytes);
    this.#hitCounter.add(this.#hits);
    this.#missCounter.add(this.#misses);
    this.#hits = 0;
    this.#misses = 0;
  }

  /** Drops clean entries, those not read for longest first, until they take `maxBytes` at most. */
  #evict(maxBytes: number): void {
    // Entries put back at the end come by again, without their flag: two rounds empty the map.
    for (const [key, entry] of this.#entries) {
      if (this.#cleanBytes <= maxBytes) return;
      if (entry.isDirty) continue;
      this.#entries.delete(key);
      if (entry.isUsed) {
        entry.isUsed = false;
        this.#entries.set(key, entry);
      } else {
        this.#cleanBytes -= entry.charge;
      }
    }
  }
}
