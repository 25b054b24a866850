// The servers of the reference workload's benchmark, in a directory of their own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '../deploy/local-stack/kafka.ts';
import { startRedis } from '../deploy/local-stack/redis.ts';
import { startRegistry } from '../deploy/local-stack/registry.ts';
import type { ProductionStack } from '../test/support/production-stack.ts';
import type { Servers } from './measured-run.ts';

export interface BenchServers extends Servers {
  /** For whatever the benchmark leaves behind; gone when it has ended. */
  readonly directory: string;
  readonly stack: ProductionStack;
}

/** Ends the servers when `work` has ended. */
export async function withServers(work: (servers: BenchServers) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-'));
  const stopping: (() => Promise<void>)[] = [];
  const started = <T extends { stop(): Promise<void> }>(server: T): T => {
    stopping.unshift(() => server.stop());
    return server;
  };
  try {
    const kafka = started(
      await startKafka({
        directory: join(directory, 'kafka'),
        heapMegabytes: 1024,
        // A workload's events may bear times of long ago.
        properties: { 'log.retention.ms': '-1' },
      }),
    );
    const redis = started(await startRedis({ directory: join(directory, 'redis') }));
    const registry = started(await startRegistry({ directory: join(directory, 'registry') }));
    await work({ directory, stack: { kafka, redis, registry }, bootstrap: kafka.bootstrap, redisUrl: redis.url });
  } finally {
    for (const stop of stopping) await stop();
    await rm(directory, { recursive: true, force: true });
  }
}
