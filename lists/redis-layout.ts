// How the list store lays out Redis. P is the tenant's prefix. Each key is one string:
//
//   P<key>                        -> version (8), value           lists and visitor blocks
//   P{<kind><bucket>}<id>         -> version (8), value           cards, item blocks, campaigns, placements: kinds that are read as a whole
//   (either)                      -> version (8)                  a tombstone, which expires
//   P#index:{<kind><bucket>}      -> set of ids                   what there is of the kind, tombstones too
//   P#generation:{<n>}            -> text                         see RedisListStore.generation
//   P#versions                    -> text                         see redis-versions.ts; what else begins with # is not the list store's
//
// A kind has 32 buckets, 00 to 1f, by CRC16 of the id. The braces are a hash tag: in a cluster the ids of a bucket and their index lie on one
// node, so that one script keeps both. A first character that would be read as one of these marks is escaped by a backslash.
import { CAMPAIGN_PREFIX, CARD_PREFIX, ITEM_BLOCK_PREFIX, PLACEMENT_PREFIX } from './keys.ts';
import { crc16 } from './redis-slot.ts';
import { readUint53, writeUint53 } from './uint53.ts';

/** Prefixes of the kinds that have an index. */
const INDEXED_KINDS: readonly string[] = [CARD_PREFIX, ITEM_BLOCK_PREFIX, CAMPAIGN_PREFIX, PLACEMENT_PREFIX];
const EXPIRING_KINDS: readonly string[] = ['list:visitor:', 'list:session:', 'block:visitor:'];

/** Enough to spread a kind over a cluster's nodes; few enough to be asked for at once. */
const BUCKETS = 32;

/** One server has one; in a cluster 32 are spread over the slots, so that any node's loss of data takes some away. */
const CLUSTER_GENERATION_KEYS = 32;

/** What precedes a value. */
export const VERSION_BYTES = 8;
const MARK = /^[{#\\]/;
/** Of keys that are the list store's own, but name no list. */
const OWN_MARKS: readonly string[] = ['#index:', '#generation:'];

/** Where a key is in Redis. */
export interface RedisPlace {
  readonly redisKey: string;
  /** The set that names it, and how many bytes of `redisKey` are before its name there. */
  readonly index?: { readonly redisKey: string; readonly skipBytes: number };
}

/** Keys of one tenant. Pure. */
export class RedisLayout {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  place(key: string): RedisPlace {
    const kind = indexedKind(key);
    if (kind === undefined) return { redisKey: this.#prefix + escapeMark(key) };
    const id = key.slice(kind.length);
    const tag = bucketTag(kind, crc16(id) % BUCKETS);
    const before = this.#prefix + tag;
    const index = { redisKey: `${this.#prefix}#index:${tag}`, skipBytes: Buffer.byteLength(before) };
    return { redisKey: before + id, index };
  }

  redisKey(key: string): string {
    return this.place(key).redisKey;
  }

  /** The key behind a key in Redis; `undefined` for what is not one, e.g. an index. */
  keyOf(redisKey: string): string | undefined {
    if (!redisKey.startsWith(this.#prefix)) return undefined;
    const rest = redisKey.slice(this.#prefix.length);
    if (rest.startsWith('#')) return undefined;
    if (rest.startsWith('\\')) return rest.slice(1);
    if (!rest.startsWith('{')) return rest;
    const end = rest.indexOf('}');
    return rest.slice(1, end - 2) + rest.slice(end + 1);
  }

  /** The indexes that name every key with this prefix, with the prefix of the names in them; `undefined` when none do. */
  indexes(prefix: string): { readonly kind: string; readonly redisKeys: readonly string[] } | undefined {
    const kind = indexedKind(prefix);
    if (kind === undefined) return undefined;
    const redisKeys = Array.from(
      { length: BUCKETS },
      (_, bucket) => `${this.#prefix}#index:${bucketTag(kind, bucket)}`,
    );
    return { kind, redisKeys };
  }

  /** Prefixes in Redis of all keys with this prefix, and of others; none is a prefix of another. */
  redisPrefixes(prefix: string): readonly string[] {
    if (prefix === '') return [this.#prefix];
    const kind = indexedKind(prefix);
    if (kind !== undefined) return [`${this.#prefix}{${kind}`];
    const longer = INDEXED_KINDS.filter((each) => each.startsWith(prefix));
    return [this.#prefix + escapeMark(prefix), ...longer.map((each) => `${this.#prefix}{${each}`)];
  }

  generationKeys(isCluster: boolean): readonly string[] {
    const count = isCluster ? CLUSTER_GENERATION_KEYS : 1;
    return Array.from({ length: count }, (_, i) => `${this.#prefix}#generation:{${i}}`);
  }

  get versionsKey(): string {
    return `${this.#prefix}#versions`;
  }

  /** Whether a key in Redis is one of the list store's. */
  isOwn(redisKey: string): boolean {
    return this.keyOf(redisKey) !== undefined || OWN_MARKS.some((mark) => redisKey.startsWith(this.#prefix + mark));
  }
}

/** Whether a key belongs to one visitor or session, who may never come back. */
export function isExpiring(key: string): boolean {
  return EXPIRING_KINDS.some((kind) => key.startsWith(kind));
}

/** Whether a key is of a kind that is read as a whole. */
export function isIndexed(key: string): boolean {
  return indexedKind(key) !== undefined;
}

/** Writes what a key holds from `at` on, where there must be room for it. `null`: a tombstone. */
export function writeStored(bytes: Buffer, at: number, version: number, value: Uint8Array | null): void {
  writeUint53(bytes, at, version);
  if (value !== null) bytes.set(value, at + VERSION_BYTES);
}

export function storedVersion(stored: Uint8Array): number {
  return readUint53(stored, 0);
}

/** A view of `stored`; `undefined` for a tombstone. */
export function storedValue(stored: Uint8Array): Uint8Array | undefined {
  return stored.length > VERSION_BYTES ? stored.subarray(VERSION_BYTES) : undefined;
}

function indexedKind(text: string): string | undefined {
  return INDEXED_KINDS.find((kind) => text.startsWith(kind));
}

function bucketTag(kind: string, bucket: number): string {
  return `{${kind}${bucket.toString(16).padStart(2, '0')}}`;
}

function escapeMark(text: string): string {
  return MARK.test(text) ? `\\${text}` : text;
}
