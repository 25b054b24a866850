// Reading from Redis: keys in one round trip, and all keys with a prefix, through the kind's index or, where there is none, through a scan
// of everything.
import type { Redis } from 'ioredis';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisLayout } from './redis-layout.ts';
import { slotOf } from './redis-slot.ts';

/** A key with its bytes as they are stored: a tombstone's too. */
export interface StoredKey {
  readonly key: string;
  readonly stored: Uint8Array;
}

/** Keys that are read at a time when all of a prefix are: cards of 500 bytes make 250 kB. */
const READ_KEYS = 500;
/** Asked of each index at a time, of 32 at once. */
const INDEX_COUNT = 250;
/** Keys that a server looks at in one step of a scan, about 0.5 ms. */
const SCAN_COUNT = 1_000;

/** The stored bytes in the order of `redisKeys`, `undefined` where there is nothing, in one round trip. */
export async function readStored(
  connection: RedisConnection,
  redisKeys: readonly string[],
): Promise<readonly (Buffer | undefined)[]> {
  if (redisKeys.length === 0) return [];
  const { client } = connection;
  if (connection.isCluster) return readSlots(connection, redisKeys);
  const found = await connection.call('MGET', () => client.mgetBuffer([...redisKeys]));
  return found.map((stored) => stored ?? undefined);
}

/**
 * Everything that is stored under keys with this prefix, in parts. A key may come twice when keys are added or removed meanwhile.
 * @throws {RedisUnavailableError} half-way, too.
 */
export async function* storedUnder(
  connection: RedisConnection,
  layout: RedisLayout,
  prefix: string,
): AsyncGenerator<readonly StoredKey[]> {
  const indexes = layout.indexes(prefix);
  const pages =
    indexes === undefined
      ? scannedKeys(connection, layout, prefix)
      : indexedKeys(connection, indexes.kind, indexes.redisKeys);
  for await (const page of pages) {
    const keys = [...new Set(page)].filter((key) => key.startsWith(prefix));
    for (let start = 0; start < keys.length; start += READ_KEYS) {
      const part = keys.slice(start, start + READ_KEYS);
      yield await readKeys(connection, layout, part);
    }
  }
}

/** What is stored under these keys; keys without anything are left out. */
export async function readKeys(
  connection: RedisConnection,
  layout: RedisLayout,
  keys: readonly string[],
): Promise<readonly StoredKey[]> {
  const found = await readStored(
    connection,
    keys.map((key) => layout.redisKey(key)),
  );
  const stored: StoredKey[] = [];
  for (let i = 0; i < keys.length; i++) {
    if (found[i] !== undefined) stored.push({ key: keys[i]!, stored: found[i]! });
  }
  return stored;
}

/** One command for each slot, all at once. */
async function readSlots(
  connection: RedisConnection,
  redisKeys: readonly string[],
): Promise<readonly (Buffer | undefined)[]> {
  const { client } = connection;
  const slots = new Map<number, number[]>();
  for (let i = 0; i < redisKeys.length; i++) {
    const slot = slotOf(redisKeys[i]!);
    const places = slots.get(slot);
    if (places === undefined) slots.set(slot, [i]);
    else places.push(i);
  }
  const all = [...slots.values()];
  const answers = await connection.call('MGET', () =>
    Promise.all(all.map((places) => client.mgetBuffer(places.map((i) => redisKeys[i]!)))),
  );
  const found = new Array<Buffer | undefined>(redisKeys.length);
  for (let n = 0; n < all.length; n++) {
    const places = all[n]!;
    for (let i = 0; i < places.length; i++) found[places[i]!] = answers[n]![i] ?? undefined;
  }
  return found;
}

/** All indexes of a kind go on together, so that a small kind takes one round trip. */
async function* indexedKeys(
  connection: RedisConnection,
  kind: string,
  redisKeys: readonly string[],
): AsyncGenerator<readonly string[]> {
  const { client } = connection;
  let open = redisKeys.map((redisKey) => ({ redisKey, cursor: '0' }));
  while (open.length > 0) {
    const pages = await connection.call('SSCAN', () =>
      Promise.all(open.map(({ redisKey, cursor }) => client.sscan(redisKey, cursor, 'COUNT', INDEX_COUNT))),
    );
    yield pages.flatMap(([, ids]) => ids.map((id) => kind + id));
    open = open.map(({ redisKey }, i) => ({ redisKey, cursor: pages[i]![0] })).filter(({ cursor }) => cursor !== '0');
  }
}

/** Names of the keys with one of the prefixes, in parts, from every server that owns keys. A name may come twice. */
export async function* scannedPages(
  connection: RedisConnection,
  redisPrefixes: readonly string[],
): AsyncGenerator<{ readonly master: Redis; readonly redisKeys: readonly string[] }> {
  for (const master of connection.masters()) {
    for (const redisPrefix of redisPrefixes) {
      const match = `${redisPrefix.replace(/[\\*?[\]]/g, '\\$&')}*`;
      let cursor = '0';
      do {
        const page = await connection.call('SCAN', () => master.scan(cursor, 'MATCH', match, 'COUNT', SCAN_COUNT));
        cursor = page[0];
        yield { master, redisKeys: page[1] };
      } while (cursor !== '0');
    }
  }
}

async function* scannedKeys(
  connection: RedisConnection,
  layout: RedisLayout,
  prefix: string,
): AsyncGenerator<readonly string[]> {
  for await (const { redisKeys } of scannedPages(connection, layout.redisPrefixes(prefix)))
    yield redisKeys.map((redisKey) => layout.keyOf(redisKey)).filter((key) => key !== undefined);
}
