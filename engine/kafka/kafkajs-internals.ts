// What the engine uses of kafkajs beyond its public types, each as far as it is used. kafkajs has no exports map, so its modules can
// be loaded by path; version 2.2.4 is its last, and package-lock.json holds it.

import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import type { KafkaConfig } from 'kafkajs';

const require = createRequire(import.meta.url);

/** What `Connection.send` calls to write a request. `encode` resolves to an encoder: only its `buf` and `buffer` are read. */
export interface ProtocolRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  encode(): Promise<{ readonly buf: Buffer; readonly buffer: Buffer }>;
}

/** What `Connection.send` calls to read an answer. A throttle time makes the connection wait before its next request (KIP-219). */
export interface ProtocolResponse<T extends { readonly clientSideThrottleTime: number }> {
  decode(payload: Buffer): Promise<T>;
  parse(decoded: T): Promise<T>;
}

/** One connection, authenticated when it is first used. */
export interface Connection {
  readonly socket?: Socket;
  readonly clientId: string;
  readonly requestQueue: {
    push(request: {
      readonly entry: {
        readonly apiKey: number;
        readonly apiName: string;
        readonly apiVersion: number;
        readonly correlationId: number;
        resolve(answer: { readonly payload: Buffer }): void;
        reject(error: Error): void;
      };
      readonly expectResponse: boolean;
      readonly requestTimeout: number;
      /** Called when it is its turn. */
      sendRequest(): void;
    }): void;
    maybeThrottle(throttleMs: number): void;
  };
  isConnected(): boolean;
  isAuthenticated(): boolean;
  authenticate(): Promise<void>;
  failIfNotConnected(): void;
  nextCorrelationId(): number;
  send<T extends { readonly clientSideThrottleTime: number }>(call: {
    request: ProtocolRequest;
    response: ProtocolResponse<T>;
    /** ms; the connection's own limit when that is longer. */
    requestTimeout: number;
    logResponseError: boolean;
  }): Promise<T>;
  /** Fails every request that waits for an answer. */
  rejectRequests(error: Error): void;
}

export interface ConnectionPool {
  readonly host: string;
  readonly port: number;
  readonly pool: readonly Connection[];
  /** Connection 0 or 1, connected. */
  getConnection(index: number): Promise<Connection>;
}

export interface BrokerMetadata {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

export interface ListedOffsets {
  readonly responses: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number; readonly offset: string }[];
  }[];
}

/** A broker with its two connections; calls other than our own fetches go over connection 0. */
export interface Broker {
  readonly connectionPool: ConnectionPool;
  /** Range of versions by API key, once connected. */
  readonly versions: { readonly [apiKey: number]: { readonly minVersion: number; readonly maxVersion: number } } | null;
  connect(): Promise<void>;
  /** Waits for running requests. */
  disconnect(): Promise<void>;
  /** Fails as a whole when one of the topics has an error. */
  metadata(topics: readonly string[]): Promise<BrokerMetadata>;
  listOffsets(request: {
    readonly isolationLevel: number;
    readonly topics: readonly {
      readonly topic: string;
      readonly partitions: readonly { readonly partition: number; readonly timestamp: number }[];
    }[];
  }): Promise<ListedOffsets>;
}

/** The brokers of a cluster, found from the bootstrap list. */
export interface Cluster {
  readonly connectionPoolBuilder: {
    build(destination: { host: string; port: number; rack: string | null }): Promise<ConnectionPool>;
  };
  readonly brokerPool: {
    readonly seedBroker: Broker | undefined;
    /** Made on our behalf, not kept by the pool. */
    createBroker(options: { connectionPool: ConnectionPool; logger: InternalLogger; nodeId: number }): Broker;
    /** One that is connected, or else the first of the bootstrap list that can be. */
    findConnectedBroker(): Promise<Broker>;
  };
  readonly rootLogger: InternalLogger;
  connect(): Promise<void>;
  disconnect(): Promise<void>;
}

/** kafkajs's logger, opaque to us. */
export interface InternalLogger {
  namespace(name: string): InternalLogger;
}

/** Options of the constructor; those without a default there. */
export interface ClusterOptions
  extends Pick<
    KafkaConfig,
    'brokers' | 'ssl' | 'sasl' | 'clientId' | 'connectionTimeout' | 'requestTimeout' | 'retry' | 'socketFactory'
  > {
  readonly logger: InternalLogger;
  readonly enforceRequestTimeout: boolean;
  readonly metadataMaxAge: number;
  readonly allowAutoTopicCreation: boolean;
  readonly maxInFlightRequests: number | null;
  readonly isolationLevel: number;
}

type ClusterConstructor = new (options: ClusterOptions) => Cluster;
type CreateLogger = (options: { level: number; logCreator: () => () => void }) => InternalLogger;
type CreateSocketFactory = () => NonNullable<KafkaConfig['socketFactory']>;

interface RequestQueue {
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  readonly throttledUntil: number;
  readonly pending: readonly unknown[];
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

export const KafkaCluster: ClusterConstructor = require('kafkajs/src/cluster/index.js');
const loggers: { createLogger: CreateLogger } = require('kafkajs/src/loggers/index.js');
export const createSocketFactory: CreateSocketFactory = require('kafkajs/src/network/socketFactory.js');
const RequestQueueClass: { prototype: RequestQueue } = require('kafkajs/src/network/requestQueue/index.js');

/** A logger that says nothing. */
export function createSilentLogger(): InternalLogger {
  return loggers.createLogger({ level: 0, logCreator: () => () => {} });
}

/** Pause before another look at requests that wait although nothing is throttled, ms. */
const PENDING_CHECK_MS = 10;

// kafkajs looks after throttled requests with a timer that it also sets when no request waits, with a negative delay: each connection
// then wakes up every millisecond for ever, and Node 24 warns of it. Here the timer is set only while a request waits.
RequestQueueClass.prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const throttledMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledMs > 0 ? throttledMs : PENDING_CHECK_MS,
  );
};
