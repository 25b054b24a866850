// What an answer of Freshet costs beside what any answer costs: `npm run bench:serving`. Three servers, one at a time, in turns: a bare Express
// handler, a bare handler with one Redis read, and `freshet serve --redis`. Same Express, same Node, same bytes and headers, same
// number of processes; servers are pinned to one set of cores, Redis and the load generator to the others.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { freePort } from '../deploy/local-stack/ports.ts';
import { startRedis } from '../deploy/local-stack/redis.ts';
import { createRedisListStore } from '../lists/index.ts';
import { Figures, median } from './figures.ts';
import { describeMachine } from './machine.ts';
import type { BareSettings } from './serving-bare.ts';
import { publishShop, visitorOf } from './serving-data.ts';
import type { LoadResult, LoadSettings } from './serving-load.ts';

const USAGE = `npm run bench:serving -- [options]
  --rounds N       each round measures all three servers (3)
  --seconds N      of each measurement (10)
  --rates LIST     requests/s besides saturation, with commas (1000,5000)
  --connections N  (16)
  --processes N    of each server (1)
  --visitors N     with lists of their own (4000)`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    rates: { type: 'string', default: '1000,5000' },
    connections: { type: 'string', default: '16' },
    processes: { type: 'string', default: '1' },
    visitors: { type: 'string', default: '4000' },
    help: { type: 'boolean', default: false },
  },
});

const SERVERS = ['bare', 'bare + Redis', 'Freshet'] as const;
type ServerName = (typeof SERVERS)[number];

/**
 * Until the compiler has seen enough of each server, and what it keeps in memory has been collected once: the same number of requests, not the
 * same time.
 */
const WARM_UP_REQUESTS = 100_000;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4_096;
const root = join(import.meta.dirname, '..');
const say = (line: string) => void process.stdout.write(`${line}\n`);

/** Cores of the servers, and of everything else; all of them for both where there is only one. */
function coreSets(processes: number): { readonly servers: string; readonly others: string } {
  const cores = availableParallelism();
  const forServers = Math.max(1, Math.min(processes, cores - 1));
  if (cores === 1) return { servers: '0', others: '0' };
  return { servers: `0-${forServers - 1}`, others: `${forServers}-${cores - 1}` };
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function start(cores: string, parameters: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn('taskset', ['-c', cores, process.execPath, ...parameters], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_ENV: 'production', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** The process and those that it started. */
async function familyOf(pid: number): Promise<number[]> {
  const children_ = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const families = await Promise.all(
    children_
      .split(' ')
      .filter(Boolean)
      .map((child) => familyOf(Number(child))),
  );
  return [pid, ...families.flat()];
}

/** CPU time in ms and resident memory in MB of a server with its processes. */
async function usageOf(server: ChildProcess): Promise<{ readonly cpuMs: number; readonly rssMb: number }> {
  let cpuMs = 0;
  let rssMb = 0;
  for (const pid of await familyOf(server.pid!)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    cpuMs += ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
    rssMb += (Number(fields[21]) * PAGE_BYTES) / 2 ** 20;
  }
  return { cpuMs, rssMb };
}

async function load(cores: string, settings: LoadSettings): Promise<LoadResult> {
  const child = start(cores, ['bench/serving-load.ts'], { LOAD_SETTINGS: JSON.stringify(settings) });
  let printed = '';
  for await (const text of child.stdout!) printed += String(text);
  return JSON.parse(printed) as LoadResult;
}

async function main(): Promise<void> {
  if (values.help) return say(USAGE);
  const [rounds, seconds, connections, processes, visitors] = [
    values.rounds,
    values.seconds,
    values.connections,
    values.processes,
    values.visitors,
  ].map(Number) as [number, number, number, number, number];
  const rates = values.rates.split(',').filter(Boolean).map(Number);
  const cores = coreSets(processes);
  const folder = await mkdtemp(join(tmpdir(), 'freshet-bench-serving-'));
  say(await describeMachine());
  say(`cores     servers ${cores.servers}, Redis and load generator ${cores.others}; processes ${processes}\n`);
  const redis = await startRedis({ directory: join(folder, 'redis') });
  await once(spawn('taskset', ['-a', '-c', '-p', cores.others, String(redis.pid)], { stdio: 'ignore' }), 'exit');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  try {
    const redisPort = Number(new URL(redis.url).port);
    const store = await createRedisListStore({
      target: { mode: 'single', address: { host: '127.0.0.1', port: redisPort } },
      keyPrefix: 'freshet:bench:',
    });
    await publishShop(store, visitors, 7);
    await store.close();

    const freshet = async (): Promise<ChildProcess> => {
      const child = start(cores.servers, ['bin/freshet.js', 'serve', '--redis'], {
        FRESHET_APP_ID: 'bench',
        FRESHET_REDIS_URL: redis.url,
        FRESHET_DATA_DIR: folder,
        FRESHET_PORT: String(port),
        FRESHET_SERVE_PROCESSES: String(processes),
        // So that what is measured are answers, not fallbacks; degraded ones are counted as failures below.
        FRESHET_SERVE_READ_TIMEOUT_MS: '1000',
      });
      await once(child.stdout!, 'data');
      return child;
    };
    // What Freshet sends is what the bare ones send.
    const sample = await freshet();
    const answer = await fetch(`${url}/v1/visitors/${visitorOf(1)}/recommendations`);
    const body = Buffer.from(await answer.arrayBuffer());
    await stop(sample);
    const perConnection = new Set(['connection', 'keep-alive', 'date', 'content-length', 'transfer-encoding']);
    const headers = Object.fromEntries([...answer.headers].filter(([name]) => !perConnection.has(name)));
    const client = new Redis(redisPort, '127.0.0.1');
    for (let i = 0; i < visitors; i++) await client.set(`bare:${visitorOf(i)}`, Buffer.alloc(body.length, 'x'));
    client.disconnect();
    say(`An answer has ${body.length} bytes and ${Object.keys(headers).length + 5} headers.\n`);

    const bare = async (further: Partial<BareSettings>): Promise<ChildProcess> => {
      const settings: BareSettings = { port, processes, headers, bodyBytes: body.length, ...further };
      const child = start(cores.servers, ['bench/serving-bare.ts'], { BARE_SETTINGS: JSON.stringify(settings) });
      await once(child.stdout!, 'data');
      return child;
    };
    const starts: { readonly [name in ServerName]: () => Promise<ChildProcess> } = {
      bare: () => bare({}),
      'bare + Redis': () => bare({ redisPort }),
      Freshet: freshet,
    };

    const figures = new Figures();
    for (let round = 0; round < rounds; round++) {
      // Each goes first, second and third equally often.
      const order = SERVERS.map((_, i) => SERVERS[(i + round) % SERVERS.length]!);
      for (const name of order) {
        const server = await starts[name]();
        await load(cores.others, { url, connections, seconds, amount: WARM_UP_REQUESTS, visitors });
        for (const rate of [...rates, undefined]) {
          const before = await usageOf(server);
          const settings = { url, connections, seconds, visitors, ...(rate !== undefined && { rate }) };
          const result = await load(cores.others, settings);
          const after = await usageOf(server);
          if (result.failed > 0) throw new Error(`${name} has failed ${result.failed} requests`);
          const at = `${name}, ${rate === undefined ? 'saturation' : `${rate}/s`}`;
          const answers = result.requestsPerSecond * seconds;
          figures.note(`${at}: requests/s`, result.requestsPerSecond);
          figures.note(`${at}: p50 ms`, result.p50Ms);
          figures.note(`${at}: p99 ms`, result.p99Ms);
          figures.note(`${at}: p99.9 ms`, result.p999Ms);
          figures.note(`${at}: server CPU µs/request`, ((after.cpuMs - before.cpuMs) * 1_000) / answers);
          figures.note(`${at}: load generator, cores`, result.generatorCpu);
          if (rate === undefined) figures.note(`${name}: memory MB`, after.rssMb);
        }
        await stop(server);
      }
    }
    say(figures.table());
    const of = (name: ServerName): number => median(figures.of(`${name}, saturation: requests/s`));
    const cost = (name: ServerName): number => median(figures.of(`${name}, saturation: server CPU µs/request`));
    say(
      `\nFreshet / bare + Redis at saturation: ${((100 * of('Freshet')) / of('bare + Redis')).toFixed(1)} % of the requests/s`,
    );
    say(`by CPU a request: ${((100 * cost('bare + Redis')) / cost('Freshet')).toFixed(1)} %`);
  } finally {
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

await main();
