// Several Redis servers of a test as one: a cluster, or a master with a replica and a sentinel.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freeRedisPort, type RedisServer, startRedis } from './redis-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface RedisServers extends AsyncDisposable {
  readonly servers: readonly RedisServer[];
}

export interface SentinelServers extends RedisServers {
  readonly sentinelPort: number;
  readonly masterName: string;
}

/** A replica is there at once, not after the five seconds in which a master waits for more of them. */
const FAST_REPLICATION = ['--repl-diskless-sync-delay', '0'];

const SLOTS = 16_384;
const READY_TIMEOUT_MS = 120_000;
const POLL_MS = 50;

/** Resolves when `isSo`, which is asked again after a pause: what other processes do makes no event here. */
export async function poll(name: string, isSo: () => Promise<boolean>, timeoutMs = READY_TIMEOUT_MS): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${name}`);
    await setTimeout(POLL_MS);
  }
}

/** Runs `ask` on a connection of its own. */
export async function asking<T>(port: number, ask: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(port, '127.0.0.1');
  redis.on('error', () => {});
  try {
    return await ask(redis);
  } finally {
    redis.disconnect();
  }
}

/** A cluster of three masters that have the slots in equal parts; each has as many replicas as asked for, after the masters in `servers`. */
export async function startRedisCluster({ replicas = 0 } = {}): Promise<RedisServers> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', ...FAST_REPLICATION];
  const servers = await Promise.all(Array.from({ length: 3 * (1 + replicas) }, () => startRedis({ args })));
  const [first, ...others] = servers;
  for (let i = 0; i < 3; i++) {
    const [from, to] = [Math.ceil((i * SLOTS) / 3), Math.ceil(((i + 1) * SLOTS) / 3) - 1];
    await asking(servers[i]!.port, (redis) => redis.call('CLUSTER', 'ADDSLOTSRANGE', from, to));
  }
  await asking(first!.port, async (redis) => {
    for (const { port } of others) await redis.call('CLUSTER', 'MEET', '127.0.0.1', port);
  });
  const state = (port: number): Promise<string> =>
    asking(port, (redis) => redis.call('CLUSTER', 'INFO') as Promise<string>);
  const everywhere = async (pattern: RegExp): Promise<boolean> =>
    (await Promise.all(servers.map(({ port }) => state(port)))).every((info) => pattern.test(info));
  await poll('the cluster', () =>
    everywhere(new RegExp(`cluster_state:ok[\\s\\S]*cluster_known_nodes:${servers.length}`)),
  );
  const replicating = servers.slice(3).map(async ({ port }, i) => {
    const id = await asking(servers[i % 3]!.port, (redis) => redis.call('CLUSTER', 'MYID') as Promise<string>);
    await asking(port, (redis) => redis.call('CLUSTER', 'REPLICATE', id));
    await poll('the replica', () =>
      asking(port, async (redis) => /master_link_status:up/.test(await redis.info('replication'))),
    );
  });
  await Promise.all(replicating);
  return disposable({ servers });
}

/** A master, its replica and a sentinel that fails over a second after the master is gone. */
export async function startSentinels(): Promise<SentinelServers> {
  const master = await startRedis({ args: FAST_REPLICATION });
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const masterName = 'lists';
  const directory = temporaryDirectory();
  const settings = join(directory, 'sentinel.conf');
  writeFileSync(
    settings,
    [
      `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${masterName} 1000`,
      `sentinel failover-timeout ${masterName} 3000`,
    ].join('\n'),
  );
  const sentinel = await startRedis({ args: [settings], isSentinel: true, directory, port: await freeRedisPort() });
  await poll('the replica', () =>
    asking(master.port, async (redis) => /connected_slaves:1[\s\S]*state=online/.test(await redis.info('replication'))),
  );
  await poll('the sentinel', () =>
    asking(sentinel.port, async (redis) => /slaves=1/.test(await redis.info('sentinel'))),
  );
  return disposable({ servers: [master, replica, sentinel], sentinelPort: sentinel.port, masterName });
}

function disposable<T extends { servers: readonly RedisServer[] }>(all: T): T & AsyncDisposable {
  const stop = async (): Promise<void> => {
    await Promise.all(all.servers.map((server) => server.kill()));
  };
  return { ...all, [Symbol.asyncDispose]: stop };
}
