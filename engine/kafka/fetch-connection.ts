// Fetches from one broker, over two connections of their own: a broker answers the requests of one connection in turn, so a long poll
// would hold up everything behind it. An answer that does not come in time ends the connections; the reader makes new ones.

import { READ_COMMITTED } from './client.ts';
import {
  FETCH_API_KEY,
  FETCH_VERSION,
  type FetchAnswer,
  type FetchCall,
  fetchRequest,
  fetchResponse,
} from './fetch-protocol.ts';
import type { Broker, Cluster } from './kafkajs-internals.ts';
import type { Node } from './leaders.ts';

/** ListOffsets: times that stand for the ends of a log. */
const EARLIEST = -2;
const LATEST = -1;

/** The broker did not answer a fetch in time. */
export class StalledError extends Error {
  override readonly name = 'StalledError';
}

export class FetchConnection {
  readonly node: Node;
  readonly #cluster: Cluster;
  readonly #requestTimeoutMs: number;
  #broker: Broker | undefined;
  #opening: Promise<Broker> | undefined;
  #closed = false;

  constructor(cluster: Cluster, node: Node, requestTimeoutMs: number) {
    this.#cluster = cluster;
    this.node = node;
    this.#requestTimeoutMs = requestTimeoutMs;
  }

  /** The broker when it has been connected. */
  get broker(): Broker | undefined {
    return this.#broker;
  }

  /**
   * Sends one fetch over connection `lane`, 0 or 1.
   * @throws {StalledError} when no answer comes within `maxWaitMs` and the request timeout; else kafkajs's error.
   */
  async fetch(lane: number, call: FetchCall): Promise<FetchAnswer> {
    const limitMs = call.maxWaitMs + this.#requestTimeoutMs;
    const { promise, resolve, reject } = Promise.withResolvers<FetchAnswer>();
    const timer = setTimeout(() => reject(new StalledError(`no answer for ${limitMs} ms`)), limitMs);
    this.#send(lane, call, limitMs).then(resolve, reject);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** First kept offset and last stable offset of a partition, asked for anew. */
  async range(topic: string, partition: number): Promise<{ start: number; end: number }> {
    const broker = await this.#open();
    const [start, end] = await Promise.all(
      [EARLIEST, LATEST].map(async (timestamp) => {
        const { responses } = await broker.listOffsets({
          isolationLevel: READ_COMMITTED,
          topics: [{ topic, partitions: [{ partition, timestamp }] }],
        });
        return Number(responses[0]?.partitions[0]?.offset);
      }),
    );
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end)) throw new Error('the broker told no offsets');
    return { start: start!, end: end! };
  }

  /** Ends both connections at once; what waits for an answer fails. */
  close(): void {
    this.#closed = true;
    if (this.#broker !== undefined) end(this.#broker);
  }

  async #send(lane: number, call: FetchCall, limitMs: number): Promise<FetchAnswer> {
    const broker = await this.#open();
    const connection = await broker.connectionPool.getConnection(lane);
    if (this.#closed) end(broker);
    return connection.send({
      request: fetchRequest(call),
      response: fetchResponse,
      // Ours is first, so that a stall is counted as one.
      requestTimeout: 2 * limitMs,
      logResponseError: false,
    });
  }

  #open(): Promise<Broker> {
    this.#opening ??= this.#connect();
    return this.#opening;
  }

  async #connect(): Promise<Broker> {
    const { nodeId, host, port } = this.node;
    const connectionPool = await this.#cluster.connectionPoolBuilder.build({ host, port, rack: null });
    const broker = this.#cluster.brokerPool.createBroker({ connectionPool, logger: this.#cluster.rootLogger, nodeId });
    this.#broker = broker;
    await broker.connect();
    if (this.#closed) end(broker);
    const fetch = broker.versions?.[FETCH_API_KEY];
    if (fetch === undefined || fetch.minVersion > FETCH_VERSION || fetch.maxVersion < FETCH_VERSION)
      throw new Error(`the broker does not take Fetch version ${FETCH_VERSION}: Kafka 2.3 or later is needed`);
    return broker;
  }
}

/** Not gracefully: nobody waits for the answers. */
function end(broker: Broker): void {
  const closed = new Error('the connection was closed by the reader');
  for (const connection of broker.connectionPool.pool) {
    connection.rejectRequests(closed);
    connection.socket?.destroy();
  }
  // kafkajs marks its side as disconnected and ends its timers; nothing of it can fail any more that matters.
  broker.disconnect().catch(() => {});
}
