// The list store's connection to Redis: one server, the master that sentinels name, or a cluster. Every call ends within the timeout, nothing
// is queued while Redis is away, and it is looked for again for ever. Errors name the address and what Redis said, no user, password or key.
import { Cluster, Redis } from 'ioredis';
import { type Logger, silentLogger, silentMetrics } from '../engine/api/index.ts';
import { callRecorder, type RecordCall } from './redis-metrics.ts';
import {
  addressText,
  checkRedisOptions,
  clusterOptions,
  connectionOptions,
  DEFAULT_TIMEOUT_MS,
  type RedisListStoreOptions,
} from './redis-options.ts';

/** Redis did not do what it was asked for: it is away, too slow, or refuses. Asking again later may help; publishing may be repeated. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';
}

export class RedisConnection {
  readonly client: Redis | Cluster;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly #options: RedisListStoreOptions;
  readonly #address: string;
  readonly #record: RecordCall;
  readonly #disconnect: () => void;
  #isConnected = false;
  /** What the connection failed with last, when calls only learn that it is gone. */
  #lastFailure = 'not connected';

  private constructor(options: RedisListStoreOptions) {
    this.#options = options;
    this.#address = addressText(options.target);
    this.#record = callRecorder(options.metrics ?? silentMetrics);
    this.timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.logger = options.logger ?? silentLogger;
    this.client = createRedisClient(options);
    this.#disconnect = keepConnected(this.client);
    this.client.on('error', (error: Error) => this.#note(error));
    this.client.on('node error', (error: Error) => this.#note(error));
    this.client.on('ready', () => this.#connected());
    this.client.on('close', () => this.#disconnected());
  }

  /**
   * Resolves when Redis answers, on all masters of a cluster.
   * @throws {RangeError} for wrong options, {RedisUnavailableError} when the first attempt fails, unless `mayBeAway`; then nothing stays open.
   */
  static async open(options: RedisListStoreOptions): Promise<RedisConnection> {
    checkRedisOptions(options);
    const connection = new RedisConnection(options);
    try {
      await connection.#within(2 * connection.timeoutMs, connection.client.connect());
      await connection.ping();
      return connection;
    } catch (error) {
      if (options.mayBeAway === true) {
        connection.logger.warn('redis-away', { error: (error as Error).message });
        return connection;
      }
      connection.close();
      throw error;
    }
  }

  get isCluster(): boolean {
    return this.client.isCluster;
  }

  /** The servers that own keys. */
  masters(): readonly Redis[] {
    return this.client instanceof Redis ? [this.client] : this.client.nodes('master');
  }

  /** Asks all masters. */
  async ping(): Promise<void> {
    const masters = this.masters();
    if (masters.length === 0) throw this.#unavailable(new Error(this.#lastFailure));
    await this.call('PING', () => Promise.all(masters.map((master) => master.ping())));
  }

  /**
   * The answer to `ask`, or to all that it asks in one go. `operation` names it in metrics.
   * @throws {RedisUnavailableError} at once when there is no connection, at the latest after the timeout.
   */
  async call<T>(operation: string, ask: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    try {
      if (this.client.status !== 'ready') throw this.#unavailable(new Error(this.#lastFailure));
      const answer = await this.#within(this.timeoutMs, ask());
      this.#record(operation, startedMs);
      return answer;
    } catch (error) {
      this.#record(operation, startedMs, error as Error);
      throw error;
    }
  }

  /** A connection of its own to the same server, or to `node` of the cluster. It comes back by itself too. */
  duplicate(node: Redis): Redis {
    const { host, port } = node.options;
    const isNode = this.client !== node && host !== undefined && port !== undefined;
    return new Redis({
      ...connectionOptions(this.#options),
      ...(isNode && { host, port }),
      // Messages of client tracking are understood in this version of the protocol only.
      protocol: 2,
      autoResubscribe: false,
    });
  }

  close(): void {
    // Asked for, so nothing to report.
    this.#isConnected = false;
    this.#disconnect();
  }

  async #within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    // Where this process was held up, the answer may lie in the socket: it is read before the immediate.
    const timer = setTimeout(
      () => setImmediate(() => reject(new Error(`no answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    try {
      return await Promise.race([answer, tooLate]);
    } catch (error) {
      throw this.#unavailable(error as Error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Without a cause: the client's own errors carry the arguments of commands, which may be a password. */
  #unavailable({ message }: Error): RedisUnavailableError {
    const isLost = /^Connection is closed|max retries per request|isn't writeable|isn't ready|startup nodes/.test(
      message,
    );
    return new RedisUnavailableError(`Redis at ${this.#address}: ${isLost ? this.#lastFailure : message}`);
  }

  #note({ message }: Error): void {
    this.#lastFailure = message;
  }

  #connected(): void {
    this.#isConnected = true;
    this.#lastFailure = 'the connection was lost';
    this.logger.info('redis-connected', { address: this.#address });
  }

  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.logger.warn('redis-disconnected', { address: this.#address, error: this.#lastFailure });
  }
}

/** A client that is not connected yet. Commands fail at once while it is not. */
export function createRedisClient(options: RedisListStoreOptions): Redis | Cluster {
  return options.target.mode === 'cluster'
    ? new Cluster(...clusterOptions(options))
    : new Redis(connectionOptions(options));
}

/** After the client has given up. */
const RECONNECT_MS = 200;

/**
 * Connects again when the client gives up, which it does when an attempt is cut short, e.g. by a sentinel's word of a failover. Returns
 * how to disconnect for good.
 */
export function keepConnected(client: Redis | Cluster): () => void {
  let timer: NodeJS.Timeout | undefined;
  const connect = (): void => {
    timer = setTimeout(() => client.connect().catch(() => {}), RECONNECT_MS);
  };
  client.on('end', connect);
  return () => {
    client.off('end', connect);
    clearTimeout(timer);
    client.disconnect();
  };
}
