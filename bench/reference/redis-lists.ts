// The lists in Redis as the workload's verifier reads them: plain JSON under the sink's keys. The version is the first member of the
// object, in a fixed width, so that the script which compares it reads a few bytes and no more.
//
//   {"v":           12,"at":1,"items":[...]}

import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import type { SinkEntry, VersionedSink } from '../../engine/api/index.ts';

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
    const calls: Promise<unknown>[] = [];
    for (let start = 0; start < entries.length; start += GROUP_ENTRIES) {
      const group = entries.slice(start, start + GROUP_ENTRIES);
      const parameters: (string | Buffer)[] = [];
      for (const { key } of group) parameters.push(key);
      for (const { value, version } of group) parameters.push(stored(value, version));
      calls.push(this.#client.evalsha(SHA1, group.length, ...parameters));
    }
    await Promise.all(calls);
  }

  close(): void {
    this.#client.disconnect();
  }
}

function stored(value: Uint8Array | null, version: number): Buffer {
  // Nothing of this workload is ever removed.
  if (value === null) throw new TypeError('lists of the reference workload are never removed');
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + value.length - 1);
  bytes.write(`${OPEN}${String(version).padStart(VERSION_DIGITS)},`, 0, 'latin1');
  bytes.set(value.subarray(1), HEADER_BYTES);
  return bytes;
}
