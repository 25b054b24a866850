// Publishing to Redis: compare the version and set, in a script on the server, so that of several publishers the highest version wins. A script
// takes several keys at once where it can: it is an envelope, not a transaction, and each key stands alone. In a cluster the keys of
// one script have to be of one slot. Calls are written straight to bytes that are used again: a batch of lists makes no object of each argument.
import { createHash } from 'node:crypto';
import { Command } from 'ioredis';
import type { SinkEntry } from '../engine/api/index.ts';
import type { RedisConnection } from './redis-connection.ts';
import {
  isExpiring,
  isIndexed,
  type RedisLayout,
  type RedisPlace,
  VERSION_BYTES,
  writeStored,
} from './redis-layout.ts';
import { slotOf } from './redis-slot.ts';
import { RespWriter } from './resp-writer.ts';

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

/** One call. */
interface Group {
  readonly index: RedisPlace['index'];
  readonly redisKeys: string[];
  readonly entries: SinkEntry[];
  bytes: number;
}

export interface PublisherOptions {
  readonly connection: RedisConnection;
  readonly layout: RedisLayout;
  readonly inactiveExpiryMs: number;
}

export class RedisPublisher {
  readonly #options: PublisherOptions;
  /** Writers that no call uses. */
  readonly #writers: RespWriter[] = [];

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /**
   * Stores entries that have been checked, by the rule of versions.
   * @throws {RedisUnavailableError} with some of them stored, perhaps: publish all of them again.
   */
  async publish(entries: readonly SinkEntry[]): Promise<void> {
    const { connection } = this.#options;
    const groups = grouped(entries, this.#options);
    for (let start = 0; start < groups.length; ) {
      let end = start;
      for (let bytes = 0; end < groups.length && (end === start || bytes + groups[end]!.bytes <= WAVE_BYTES); end++) {
        bytes += groups[end]!.bytes;
      }
      const wave = groups.slice(start, end);
      await connection.call('EVALSHA', () => this.#send(wave));
      start = end;
    }
  }

  async #send(wave: readonly Group[]): Promise<void> {
    const writer = this.#writers.pop() ?? new RespWriter();
    const commands = this.#write(writer, wave, 'evalsha', SHA1);
    const { client } = this.#options.connection;
    await Promise.all(
      commands.map(async (command, index) => {
        try {
          await client.sendCommand(command);
        } catch (error) {
          if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
          // A server that was restarted does not know the script: it gets its text.
          const [again] = this.#write(new RespWriter(), [wave[index]!], 'eval', SCRIPT);
          await client.sendCommand(again!);
        }
      }),
    );
    // After a failure its bytes may still be on their way.
    this.#writers.push(writer);
  }

  #write(writer: RespWriter, groups: readonly Group[], name: 'evalsha' | 'eval', script: string): WrittenCommand[] {
    writer.end = 0;
    const ends = groups.map((group) => {
      writeCall(writer, group, name, script, this.#options.inactiveExpiryMs);
      return writer.end;
    });
    return ends.map((end, i) => {
      const bytes = writer.bytes.subarray(i === 0 ? 0 : ends[i - 1]!, end);
      return new WrittenCommand(name, groups[i]!.redisKeys[0]!, bytes);
    });
  }
}

/** A command whose bytes are written already; ioredis finds its node by the key, and sends it again after a redirection. */
class WrittenCommand extends Command {
  readonly #bytes: Buffer;

  constructor(name: string, redisKey: string, bytes: Buffer) {
    super(name, ['', '1', redisKey]);
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

function writeCall(writer: RespWriter, group: Group, name: string, script: string, inactiveExpiryMs: number): void {
  const { index, redisKeys, entries } = group;
  const keyCount = redisKeys.length + (index === undefined ? 0 : 1);
  writer.command(4 + keyCount + 2 * entries.length);
  writer.text(name);
  writer.text(script);
  writer.text(String(keyCount));
  if (index !== undefined) writer.text(index.redisKey);
  for (const redisKey of redisKeys) writer.text(redisKey);
  writer.text(String(index?.skipBytes ?? 0));
  for (const { key, value, version } of entries) {
    const start = writer.open(VERSION_BYTES + (value?.length ?? 0));
    writeStored(writer.bytes, start, version, value);
    writer.close();
    writer.text(String(value === null ? tombstoneExpiryMs(key) : isExpiring(key) ? inactiveExpiryMs : 0));
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

function grouped(entries: readonly SinkEntry[], { connection, layout }: PublisherOptions): Group[] {
  const groups: Group[] = [];
  const filling = new Map<string | number, Group>();
  for (const entry of winners(entries)) {
    const { redisKey, index } = layout.place(entry.key);
    const together = index?.redisKey ?? (connection.isCluster ? slotOf(redisKey) : 0);
    const bytes = VERSION_BYTES + (entry.value?.length ?? 0);
    let group = filling.get(together);
    if (group === undefined || group.entries.length === GROUP_ENTRIES || group.bytes + bytes > GROUP_BYTES) {
      group = { index, redisKeys: [], entries: [], bytes: 0 };
      filling.set(together, group);
      groups.push(group);
    }
    group.redisKeys.push(redisKey);
    group.entries.push(entry);
    group.bytes += bytes;
  }
  return groups;
}

function tombstoneExpiryMs(key: string): number {
  return isIndexed(key) ? INDEXED_TOMBSTONE_EXPIRY_MS : TOMBSTONE_EXPIRY_MS;
}
