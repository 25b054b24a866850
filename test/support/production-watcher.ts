// Watches every key of an application in Redis while a test goes on, with a client of its own: no version ever goes back. It knows
// no more of the layout than that a value begins with its version (8 bytes, big endian) and that other things are marked by `#`.

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';

const INTERVAL_MS = 150;
const KEYS_PER_PAGE = 2_000;

export class VersionWatcher {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #versions = new Map<string, number>();
  readonly #closing = new AbortController();
  readonly #watching: Promise<void>;
  /** What went back, a sentence each. */
  readonly faults: string[] = [];
  /** How often a version was seen that was higher than the one before. */
  rises = 0;

  constructor(url: string, prefix: string) {
    // Redis may be away for as long as a test wants it to be.
    this.#redis = new Redis(url, { maxRetriesPerRequest: null });
    this.#redis.on('error', () => {});
    this.#prefix = prefix;
    this.#watching = this.#watch(this.#closing.signal);
    this.#watching.catch((error: Error) => this.faults.push(`the watcher has failed: ${error.message}`));
  }

  /** Keys that were ever seen. */
  get size(): number {
    return this.#versions.size;
  }

  /** Removes everything from Redis, as a server that has lost its data. What was seen is not forgotten. */
  async empty(): Promise<void> {
    await this.#redis.flushall();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    // First, since what is being asked for is waited for as long as Redis is away.
    this.#redis.disconnect();
    await this.#watching.catch(() => undefined);
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#look();
      await sleep(INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #look(): Promise<void> {
    let cursor = '0';
    do {
      const [next, keys] = await this.#redis.scan(cursor, 'MATCH', `${this.#prefix}*`, 'COUNT', KEYS_PER_PAGE);
      cursor = next;
      const values = keys.filter((key) => !key.startsWith(`${this.#prefix}#`));
      const heads = await Promise.all(values.map((key) => this.#redis.getrangeBuffer(key, 0, 7)));
      for (const [i, head] of heads.entries())
        if (head.length === 8) this.#see(values[i]!, head.readUInt32BE(0) * 2 ** 32 + head.readUInt32BE(4));
    } while (cursor !== '0');
  }

  #see(key: string, version: number): void {
    const known = this.#versions.get(key);
    if (known !== undefined && version < known) this.faults.push(`${key} went from version ${known} to ${version}`);
    if (known !== undefined && version > known) this.rises += 1;
    this.#versions.set(key, version);
  }
}
