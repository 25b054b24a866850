// Kafka's requests for transactions, groups and offsets, one at a time and without retries: kafkajs builds and reads them, and who
// sends them decides what an error means. kafkajs's own producer and consumer repeat requests by rules that lose records (a batch
// whose partition changes its leader in the middle of a send is left out) or leave the group at an outage, so they are not used.

import { createRequire } from 'node:module';
import { createCluster, type KafkaClientOptions } from './client.ts';
import { type DirectCall, sendDirect } from './direct-request.ts';
import type { Broker, Cluster, Connection, ProtocolRequest, ProtocolResponse } from './kafkajs-internals.ts';

const require = createRequire(import.meta.url);

interface PartitionsOf<P> {
  readonly topic: string;
  readonly partitions: readonly P[];
}

interface Producer {
  readonly transactionalId: string;
  readonly producerId: string;
  readonly producerEpoch: number;
}

interface Member {
  readonly groupId: string;
  readonly memberId: string;
}

/** Arguments and answers as kafkajs has them, by its name of the request. */
interface Api {
  GroupCoordinator: {
    args: { readonly groupId: string; readonly coordinatorType: number };
    result: { readonly coordinator: { readonly nodeId: number } };
  };
  InitProducerId: {
    args: { readonly transactionalId: string; readonly transactionTimeout: number };
    result: { readonly producerId: string; readonly producerEpoch: number };
  };
  AddPartitionsToTxn: { args: Producer & { readonly topics: readonly PartitionsOf<number>[] }; result: object };
  EndTxn: { args: Producer & { readonly transactionResult: boolean }; result: object };
  JoinGroup: {
    args: Member & {
      readonly sessionTimeout: number;
      readonly rebalanceTimeout: number;
      readonly protocolType: string;
      readonly groupProtocols: readonly { readonly name: string; readonly metadata: Buffer }[];
    };
    result: {
      readonly generationId: number;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    };
  };
  SyncGroup: {
    args: Member & {
      readonly generationId: number;
      readonly groupAssignment: readonly { readonly memberId: string; readonly memberAssignment: Buffer }[];
    };
    result: { readonly memberAssignment: Buffer };
  };
  Heartbeat: { args: Member & { readonly groupGenerationId: number }; result: object };
  LeaveGroup: { args: Member; result: object };
  OffsetCommit: {
    args: Member & {
      readonly groupGenerationId: number;
      readonly topics: readonly PartitionsOf<{
        readonly partition: number;
        readonly offset: string;
        readonly metadata: string | null;
      }>[];
    };
    result: object;
  };
  OffsetFetch: {
    args: {
      readonly groupId: string;
      readonly topics: readonly PartitionsOf<{ readonly partition: number }>[];
    };
    result: {
      readonly responses: readonly PartitionsOf<{ readonly partition: number; readonly metadata: string | null }>[];
    };
  };
  ListOffsets: {
    args: {
      readonly replicaId: number;
      readonly isolationLevel: number;
      readonly topics: readonly PartitionsOf<{ readonly partition: number; readonly timestamp: number }>[];
    };
    result: {
      readonly responses: readonly PartitionsOf<{ readonly partition: number; readonly offset: string }>[];
    };
  };
  DeleteRecords: {
    args: { readonly topics: readonly PartitionsOf<{ readonly partition: number; readonly offset: string }>[] };
    result: object;
  };
}

/** Which coordinator: of consumer groups or of transactions. */
export const COORDINATOR = { group: 0, transaction: 1 } as const;

type Versions = NonNullable<Broker['versions']>;
type Throttled = { readonly clientSideThrottleTime: number };

/** A request and the reader of its answer. */
interface Call<T extends Throttled> {
  readonly request: ProtocolRequest;
  readonly response: ProtocolResponse<T>;
}

type BuildCall<N extends keyof Api> = (args: Api[N]['args']) => Call<Api[N]['result'] & Throttled>;

/** The error that kafkajs makes of a code of Kafka's protocol. */
export const { createErrorFromCode: errorOfCode }: { createErrorFromCode(code: number): Error } =
  require('kafkajs/src/protocol/error.js');
const API_KEYS: { readonly [name: string]: number } = require('kafkajs/src/protocol/requests/apiKeys.js');
const {
  requests,
  lookup,
}: {
  readonly requests: { readonly [name: string]: object };
  lookup(versions: Versions): (apiKey: number, definition: object) => unknown;
} = require('kafkajs/src/protocol/requests/index.js');

/** What kafkajs's cluster has beyond what the reader needs. */
interface FullCluster extends Cluster {
  readonly brokerPool: Cluster['brokerPool'] & {
    readonly brokers: { readonly [nodeId: string]: Broker };
    readonly metadata: object | null;
  };
  findBroker(options: { readonly nodeId: number }): Promise<Broker>;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  findTopicPartitionMetadata(
    topic: string,
  ): readonly { readonly partitionId: number; readonly leader: number | null }[];
}

/** Connections of one user: a request that waits in a broker (a join) holds up those behind it on the same connection. */
export class BrokerRequests {
  readonly #cluster: FullCluster;
  readonly #timeoutMs: number;
  /** How to fail each call that waits: kafkajs leaves some promises open for ever when a connection ends under them. */
  readonly #waiting = new Set<(error: Error) => void>();
  /** Number of times that `disconnect` was called. */
  #ends = 0;
  /** From `connect` to `disconnect`. */
  #isOpen = false;

  constructor(options: KafkaClientOptions) {
    this.#cluster = createCluster(options) as FullCluster;
    this.#timeoutMs = options.requestTimeoutMs;
  }

  /** Connects to a broker of the list and learns where the partitions of `topics`, and of those of earlier calls, are now. */
  connect(topics: readonly string[]): Promise<void> {
    this.#isOpen = true;
    return this.#waitFor(async () => {
      await this.#cluster.connect();
      const before = this.#cluster.brokerPool.metadata;
      await this.#cluster.addMultipleTargetTopics(topics);
      // New topics were asked for just now, together with the others.
      if (before === this.#cluster.brokerPool.metadata) await this.#cluster.refreshMetadata();
    });
  }

  /** Number of partitions of a topic of `connect`; 0 when it is unknown. */
  partitions(topic: string): number {
    return this.#cluster.findTopicPartitionMetadata(topic).length;
  }

  /** Broker that leads a partition. @throws {Error} when none does. */
  leader(topic: string, partition: number): number {
    const found = this.#cluster.findTopicPartitionMetadata(topic).find((p) => p.partitionId === partition);
    if (typeof found?.leader !== 'number' || found.leader < 0) throw new Error(`${topic}-${partition} has no leader`);
    return found.leader;
  }

  /** Broker that coordinates a group or a transactional id. */
  coordinator(kind: keyof typeof COORDINATOR, id: string): Promise<number> {
    return this.#waitFor(async () => {
      const broker = await this.#cluster.brokerPool.findConnectedBroker();
      const call = buildCall(broker, 'GroupCoordinator', { groupId: id, coordinatorType: COORDINATOR[kind] });
      return (await this.#sendTo(broker, call, this.#timeoutMs)).coordinator.nodeId;
    });
  }

  /** Sends one request and resolves with its answer. @throws kafkajs's error of the answer or of the connection. */
  send<N extends keyof Api>(
    nodeId: number,
    name: N,
    args: Api[N]['args'],
    timeoutMs = this.#timeoutMs,
  ): Promise<Api[N]['result']> {
    return this.#waitFor(async () => {
      const broker = await this.#cluster.findBroker({ nodeId });
      return this.#sendTo(broker, buildCall(broker, name, args), timeoutMs);
    });
  }

  /** As `send`, of a request that kafkajs does not build. */
  sendOwn<T extends Throttled>(nodeId: number, call: DirectCall<T>, timeoutMs = this.#timeoutMs): Promise<T> {
    return this.#waitFor(async () => {
      const broker = await this.#cluster.findBroker({ nodeId });
      return sendDirect(await this.#connectionTo(broker), call, timeoutMs);
    });
  }

  /** Ends the connections at once: what waits for an answer fails. May be used again after `connect`. Never rejects. */
  async disconnect(): Promise<void> {
    this.#ends += 1;
    this.#isOpen = false;
    const error = closedByUs();
    for (const fail of this.#waiting) fail(error);
    const { brokers, seedBroker } = this.#cluster.brokerPool;
    for (const broker of [...Object.values(brokers), seedBroker]) {
      for (const connection of broker?.connectionPool.pool ?? []) {
        connection.rejectRequests(error);
        connection.socket?.destroy();
      }
    }
    await this.#cluster.disconnect().catch(() => {});
  }

  #connectionTo(broker: Broker): Promise<Connection> {
    return broker.connectionPool.getConnection(0);
  }

  async #sendTo<T extends Throttled>(broker: Broker, call: Call<T>, timeoutMs: number): Promise<T> {
    const connection = await this.#connectionTo(broker);
    return connection.send({ ...call, requestTimeout: timeoutMs, logResponseError: false });
  }

  #waitFor<T>(action: () => Promise<T>): Promise<T> {
    // Whoever goes on behind a disconnect would open connections that nobody ends.
    if (!this.#isOpen) return Promise.reject(closedByUs());
    const ends = this.#ends;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiting.add(reject);
    action()
      .then(resolve, reject)
      .finally(() => {
        this.#waiting.delete(reject);
        // It may have opened a connection behind a disconnect's back.
        if (ends !== this.#ends && this.#waiting.size === 0 && !this.#isOpen) void this.disconnect();
      });
    return promise;
  }
}

const closedByUs = (): Error => new Error('the connection was closed by us');

function buildCall<N extends keyof Api>(
  broker: Broker,
  name: N,
  args: Api[N]['args'],
): Call<Api[N]['result'] & Throttled> {
  if (broker.versions === null) throw new Error('the broker has not told its versions yet');
  const build = lookup(broker.versions)(API_KEYS[name]!, requests[name]!) as BuildCall<N>;
  return build(args);
}

/** Kafka's name of the error that a broker answered, e.g. `NOT_COORDINATOR_FOR_GROUP`, or `undefined` for any other error. */
export function protocolErrorOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('type' in error)) return undefined;
  return typeof error.type === 'string' ? error.type : undefined;
}
