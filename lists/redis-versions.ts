// Which version's lists the endpoint serves: one small key under the application's prefix, written by an operator, read by every endpoint
// and engine. Values are JSON: {"active":"2","previous":"1"}.
//
// Invariant: a key that is gone says nothing, so a Redis that was emptied changes no answer; whoever remembers the word may put it back,
// and never over another.
import { RedisConnection } from './redis-connection.ts';
import { RedisLayout } from './redis-layout.ts';
import type { RedisListStoreOptions } from './redis-options.ts';

export interface ServedVersions {
  /** The version that is served. */
  readonly active: string;
  /** The one before, which endpoints keep ready until it is retired. */
  readonly previous?: string | undefined;
}

/** The key, on a connection of its own. Every call rejects with a `RedisUnavailableError` when Redis is away, too slow or refuses. */
export class RedisVersions {
  readonly #connection: RedisConnection;
  readonly #key: string;

  private constructor(connection: RedisConnection, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  /** @throws as `createRedisListStore` does. */
  static async open(options: RedisListStoreOptions): Promise<RedisVersions> {
    return new RedisVersions(await RedisConnection.open(options), new RedisLayout(options.keyPrefix).versionsKey);
  }

  /** `undefined` where nobody has ever switched, or Redis has lost it. @throws {TypeError} for a value that is none of ours. */
  async read(): Promise<ServedVersions | undefined> {
    const { client } = this.#connection;
    const [text] = await this.#connection.call('MGET', () => client.mget(this.#key));
    return text == null ? undefined : parseServedVersions(text);
  }

  async write(versions: ServedVersions): Promise<void> {
    const { client } = this.#connection;
    await this.#connection.call('SET', () => client.set(this.#key, formatServedVersions(versions)));
  }

  /** Writes it where there is nothing. Returns whether there was nothing. */
  async restore(versions: ServedVersions): Promise<boolean> {
    const { client } = this.#connection;
    const answer = await this.#connection.call('SET', () =>
      client.set(this.#key, formatServedVersions(versions), 'NX'),
    );
    return answer === 'OK';
  }

  close(): void {
    this.#connection.close();
  }
}

export function formatServedVersions({ active, previous }: ServedVersions): string {
  return JSON.stringify({ active, previous });
}

/** @throws {TypeError} for a text that is none of ours. */
export function parseServedVersions(text: string): ServedVersions {
  const parsed = safely(text);
  const { active, previous } = (parsed ?? {}) as { readonly active?: unknown; readonly previous?: unknown };
  const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (!isName(active) || !(previous === undefined || isName(previous)))
    throw new TypeError('the word which version is served is not of the form {"active":"2","previous":"1"}');
  return { active, previous };
}

function safely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
