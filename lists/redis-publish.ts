// Publishing to Redis: compare the version and set, in a script on the server, so that of several publishers the highest version wins. A script
// takes several keys at once where it can: it is an envelope, not a transaction, and each key stands alone. In a cluster the keys of
// one script have to be of one slot.
import { createHash } from 'node:crypto';
import type { SinkEntry } from '../engine/api/index.ts';
import type { RedisConnection } from './redis-connection.ts';
import { encodeStored, isExpiring, isIndexed, type RedisLayout } from './redis-layout.ts';
import { slotOf } from './redis-slot.ts';

/** As in the embedded store, for the same reason. */
export const TOMBSTONE_EXPIRY_MS = 3_600_000;
/** Of kinds with an index: a reader that was cut off for less than this hears of every removal when it is back. There are few of them. */
export const INDEXED_TOMBSTONE_EXPIRY_MS = 24 * 3_600_000;

/** One call of the script: about 2 ms of the server's time. At 16 keys the client's own work per list is twice as high. */
const GROUP_ENTRIES = 64;
const GROUP_BYTES = 256 * 1024;
/** So much is under way at a time. The timeout is for this much: at 2 s, for 0.5 MB/s. */
const WAVE_BYTES = 1024 * 1024;

// KEYS: the index if ARGV[1] is above 0, then keys. ARGV: length of what precedes the id in a key (0: no index), then for each key its bytes and its
// expiry in ms (0: none). Versions are below 2^53, so Lua's doubles compare them exactly; as strings Lua would compare by locale.
// One id of the index that has no key any more is dropped, if one is hit by chance: removals come and go, so the index cannot grow for ever.
// (pcall: while a cluster's slot moves, a key may be on the other node.)
const SCRIPT = `
local skip = tonumber(ARGV[1])
local first = skip > 0 and 2 or 1
for i = first, #KEYS do
  local stored, expiry = ARGV[2 * (i - first) + 2], ARGV[2 * (i - first) + 3]
  local held = redis.call('GETRANGE', KEYS[i], 0, 7)
  local accepted = true
  if #held == 8 then
    local heldHigh, heldLow = struct.unpack('>I4I4', held)
    local high, low = struct.unpack('>I4I4', stored)
    accepted = high > heldHigh or (high == heldHigh and low >= heldLow)
  end
  if accepted then
    if expiry == '0' then
      redis.call('SET', KEYS[i], stored)
    else
      redis.call('SET', KEYS[i], stored, 'PX', expiry)
    end
    if skip > 0 then redis.call('SADD', KEYS[1], string.sub(KEYS[i], skip + 1)) end
  end
end
if skip > 0 then
  local id = redis.call('SRANDMEMBER', KEYS[1])
  if id and redis.pcall('EXISTS', string.sub(KEYS[2], 1, skip) .. id) == 0 then redis.call('SREM', KEYS[1], id) end
end
return 1
`;
const SHA1 = createHash('sha1').update(SCRIPT).digest('hex');

/** The arguments of one call. */
interface Group {
  readonly keys: string[];
  readonly args: (string | number | Buffer)[];
  entries: number;
  bytes: number;
}

export interface PublishOptions {
  readonly connection: RedisConnection;
  readonly layout: RedisLayout;
  readonly inactiveExpiryMs: number;
}

/**
 * Stores entries that have been checked, by the rule of versions.
 * @throws {RedisUnavailableError} with some of them stored, perhaps: publish all of them again.
 */
export async function publishEntries(entries: readonly SinkEntry[], options: PublishOptions): Promise<void> {
  const { connection } = options;
  const groups = grouped(entries, options);
  for (let start = 0; start < groups.length; ) {
    let end = start;
    for (let bytes = 0; end < groups.length && (end === start || bytes + groups[end]!.bytes <= WAVE_BYTES); end++) {
      bytes += groups[end]!.bytes;
    }
    const wave = groups.slice(start, end);
    await connection.call('EVALSHA', () => Promise.all(wave.map((group) => run(connection, group))));
    start = end;
  }
}

/** Of each key only the entry that wins, so that the groups may arrive in any order. */
function winners(entries: readonly SinkEntry[]): Iterable<SinkEntry> {
  const highest = new Map<string, SinkEntry>();
  for (const entry of entries) {
    const other = highest.get(entry.key);
    if (other === undefined || entry.version >= other.version) highest.set(entry.key, entry);
  }
  return highest.values();
}

function grouped(entries: readonly SinkEntry[], { connection, layout, inactiveExpiryMs }: PublishOptions): Group[] {
  const groups: Group[] = [];
  const filling = new Map<string | number, Group>();
  for (const { key, value, version } of winners(entries)) {
    const { redisKey, index } = layout.place(key);
    const together = index?.redisKey ?? (connection.isCluster ? slotOf(redisKey) : 0);
    const stored = encodeStored(version, value);
    let group = filling.get(together);
    if (group === undefined || group.entries === GROUP_ENTRIES || group.bytes + stored.length > GROUP_BYTES) {
      group = {
        keys: index === undefined ? [] : [index.redisKey],
        args: [index?.skipBytes ?? 0],
        entries: 0,
        bytes: 0,
      };
      filling.set(together, group);
      groups.push(group);
    }
    group.keys.push(redisKey);
    group.args.push(stored, value === null ? tombstoneExpiryMs(key) : isExpiring(key) ? inactiveExpiryMs : 0);
    group.entries += 1;
    group.bytes += stored.length;
  }
  return groups;
}

function tombstoneExpiryMs(key: string): number {
  return isIndexed(key) ? INDEXED_TOMBSTONE_EXPIRY_MS : TOMBSTONE_EXPIRY_MS;
}

/** A server that was restarted does not know the script: it gets its text. */
async function run({ client }: RedisConnection, { keys, args }: Group): Promise<void> {
  try {
    await client.evalsha(SHA1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
    await client.eval(SCRIPT, keys.length, ...keys, ...args);
  }
}
