// The lists in Redis as the workload's verifier reads them: plain JSON under the sink's keys. The version is the first member of the
// object, in a fixed width, so that the script which compares it reads a few bytes and no more.
//
//   {"v":           12,"at":1,"items":[...]}

import { createHash } from 'node:crypto';
import { Command, Redis } from 'ioredis';
import type { SinkEntry, VersionedSink } from '../../engine/api/index.ts';
import { RespWriter } from '../../lists/resp-writer.ts';

const OPEN = '{"v":';
/** Digits of 2^53 - 1. */
const VERSION_DIGITS = 16;
const HEADER_BYTES = OPEN.length + VERSION_DIGITS + 1;
/** Of one call of the script: about 2 ms of the server's time. */
const GROUP_ENTRIES = 64;

const SCRIPT = `
for i = 1, #KEYS do
  local held = tonumber(redis.call('GETRANGE', KEYS[i], ${OPEN.length}, ${OPEN.length + VERSION_DIGITS - 1}))
  local version = tonumber(string.sub(ARGV[i], ${OPEN.length + 1}, ${OPEN.length + VERSION_DIGITS}))
  if held == nil or version >= held then redis.call('SET', KEYS[i], ARGV[i]) end
end
return 1
`;
const SHA1 = createHash('sha1').update(SCRIPT).digest('hex');

export class RedisLists implements VersionedSink {
  readonly #client: Redis;
  /** Writers that no call uses. */
  readonly #free: RespWriter[] = [];

  private constructor(client: Redis) {
    this.#client = client;
  }

  static async open(url: string): Promise<RedisLists> {
    const client = new Redis(url, { lazyConnect: true });
    await client.connect();
    await client.call('SCRIPT', 'LOAD', SCRIPT);
    return new RedisLists(client);
  }

  async publish(entries: readonly SinkEntry[]): Promise<void> {
    const writer = this.#free.pop() ?? new RespWriter();
    writer.end = 0;
    const ends: number[] = [];
    for (let start = 0; start < entries.length; start += GROUP_ENTRIES) {
      writeCall(writer, entries, start, Math.min(start + GROUP_ENTRIES, entries.length));
      ends.push(writer.end);
    }
    let start = 0;
    const calls = ends.map((end) => {
      const call = new WrittenCommand(writer.bytes.subarray(start, end));
      start = end;
      return this.#client.sendCommand(call);
    });
    await Promise.all(calls);
    // After a failure its bytes may still be on their way.
    this.#free.push(writer);
  }

  close(): void {
    this.#client.disconnect();
  }
}

/** A command whose bytes are written already; ioredis sends them and waits for the answer, after a reconnection too. */
class WrittenCommand extends Command {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    super('evalsha');
    this.#bytes = bytes;
  }

  override toWritable(): Buffer {
    return this.#bytes;
  }
}

function writeCall(writer: RespWriter, entries: readonly SinkEntry[], from: number, to: number): void {
  writer.command(3 + 2 * (to - from));
  writer.text('evalsha');
  writer.text(SHA1);
  writer.text(String(to - from));
  for (let i = from; i < to; i++) writer.text(entries[i]!.key);
  for (let i = from; i < to; i++) {
    const { value, version } = entries[i]!;
    // Nothing of this workload is ever removed.
    if (value === null) throw new TypeError('lists of the reference workload are never removed');
    const start = writer.open(HEADER_BYTES + value.length - 1);
    // The header's last byte, a comma, takes the place of the value's brace.
    writer.bytes.set(value, start + HEADER_BYTES - 1);
    writer.bytes.write(`${OPEN}${String(version).padStart(VERSION_DIGITS)},`, start, 'latin1');
    writer.close();
  }
}
