// The three servers together, in one directory that keeps their data from one start to the next.

import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type KafkaServer, startKafka } from './kafka.ts';
import { isPortFree } from './ports.ts';
import { missingRedis, type RedisServer, startRedis } from './redis.ts';
import { type RegistryServer, startRegistry } from './registry.ts';
import type { Server } from './server-process.ts';
import { fetchServers, missingPrograms } from './servers.ts';

export interface StackOptions {
  /** Holds `kafka`, `registry` and `redis`, each with the server's data and log. */
  readonly directory: string;
  readonly ports: StackPorts;
  /** Whether the data of earlier runs is removed first. @defaultValue false */
  readonly isFresh?: boolean;
  readonly progress?: (line: string) => void;
}

export interface StackPorts {
  readonly kafka: number;
  readonly registry: number;
  readonly redis: number;
}

/** The ports of `npm run stack` and of deploy/compose.yaml: beside the servers' own, which may be in use. */
export const STACK_PORTS: StackPorts = { kafka: 19_092, registry: 18_081, redis: 16_379 };

export interface Stack {
  readonly kafka: KafkaServer;
  readonly registry: RegistryServer;
  readonly redis: RedisServer;
  /** Settings with which the engine and the endpoint find the servers. */
  readonly environment: Readonly<{ [name: string]: string }>;
  /** Ends the servers, Kafka last. Servers that have ended already are no error. */
  stop(): Promise<void>;
  /** Rejects when a server ends that nobody stopped; never resolves. */
  failure(): Promise<never>;
}

/** Something that the user can mend; its text says how. */
export class StackError extends Error {
  override readonly name = 'StackError';
}

/**
 * Starts the servers and waits until all answer.
 * @throws StackError when a program is missing or a port is taken, with everything that is to be mended.
 * @throws Error with the end of its log when a server does not start; the others are stopped.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { ports, isFresh = false, progress = () => {} } = options;
  const directory = resolve(options.directory);
  await check(ports);
  const folders = ['kafka', 'registry', 'redis'].map((name) => join(directory, name)) as [string, string, string];
  if (isFresh) for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await fetchServers(progress);
  const startMs = performance.now();
  const started = async <T>(name: string, server: Promise<T>): Promise<T> => {
    const it = await server;
    progress(`${name} is up after ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
    return it;
  };
  const results = await Promise.allSettled([
    started('Kafka', startKafka({ directory: folders[0], port: ports.kafka })),
    // Records name their schema by its id: ids must live as long as the topics.
    started('registry', startRegistry({ directory: folders[1], port: ports.registry, isDurable: true })),
    started('Redis', startRedis({ directory: folders[2], port: ports.redis })),
  ] as const);
  const [kafka, registry, redis] = results;
  if (kafka.status === 'rejected' || registry.status === 'rejected' || redis.status === 'rejected') {
    for (const result of results) if (result.status === 'fulfilled') await result.value.stop();
    throw results.find((result) => result.status === 'rejected')!.reason;
  }
  return createStack(kafka.value, registry.value, redis.value);
}

function createStack(kafka: KafkaServer, registry: RegistryServer, redis: RedisServer): Stack {
  const servers: readonly (readonly [string, Server])[] = [
    ['the registry', registry],
    ['Redis', redis],
    ['Kafka', kafka],
  ];
  return {
    kafka,
    registry,
    redis,
    environment: {
      FRESHET_KAFKA_BROKERS: kafka.bootstrap,
      FRESHET_REGISTRY_URL: registry.url,
      FRESHET_REDIS_URL: redis.url,
    },
    async stop() {
      for (const [, server] of servers) await server.stop();
    },
    failure: () =>
      Promise.race(
        servers.map(async ([name, server]) => {
          await server.ended();
          throw new Error(`${name} ended by itself; its log: ${server.logPath}`);
        }),
      ),
  };
}

async function check(ports: StackPorts): Promise<void> {
  const problems = [missingPrograms(), missingRedis()].filter((problem) => problem !== undefined);
  for (const [name, port] of Object.entries(ports)) {
    if (!(await isPortFree(port)))
      problems.push(`port ${port} is taken: end what listens there (another local stack?), or choose --${name}-port`);
  }
  if (problems.length > 0) throw new StackError(problems.join('\n'));
}
