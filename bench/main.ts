// The reference workload through this engine, its limits and a peer: `npm run bench -- --workload DIR`. Rounds are interleaved, each
// starts with empty topics, and each checks its answers before a figure is noted: every event counted once, lists as recomputed, every
// user's list from that user's last event.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { benchCommand } from './bench-command.ts';
import { type BenchServers, withServers } from './bench-servers.ts';
import { Figures, median, quantile } from './figures.ts';
import { measureHalfLoad } from './half-load.ts';
import { describeMachine } from './machine.ts';
import { type Measured, measure, measureEmbedded, verify } from './measured-run.ts';
import { productRun } from './product-run.ts';

const USAGE = `npm run bench -- --workload DIR [options]
  --workload DIR  folder of measure.mjs, verify.mjs and workload.mjs, packages installed
  --peer COMMAND  starts another application that does the same job; left out, it is not compared
  --only LIST     with commas, of: read, floor, kafka, embedded, product, peer, peer-alo (all)
  --rounds N      (5)
  --events N      (300000)
  --seconds N     that each application is watched for at half of the rate it has just reached; 0: not at all (15)
  --threads N     processes of the engine on Kafka (1); the product has two, as the peer has threads`;

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    peer: { type: 'string' },
    only: { type: 'string', default: 'read,floor,kafka,embedded,product,peer,peer-alo' },
    rounds: { type: 'string', default: '5' },
    events: { type: 'string', default: '300000' },
    seconds: { type: 'string', default: '15' },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const PEER_THREADS = 2;

interface Application {
  readonly name: string;
  readonly command: string;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
  readonly threads: number;
  /** It computes nothing: it has no state to restore, and no single event becomes a list. */
  readonly isLimit: boolean;
  /** Whether it leaves all lists. */
  readonly hasLists: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

function count(name: 'rounds' | 'events' | 'seconds' | 'threads', least: number): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < least)
    throw new RangeError(`--${name} takes a whole number from ${least} on, not "${values[name]}"`);
  return number;
}

function applicationsOf(tape: string): Application[] {
  const wanted = new Set(values.only.split(','));
  const exactly = { guarantee: 'exactly_once_v2', threads: 1, isLimit: false, hasLists: true } as const;
  const all: Application[] = [
    { ...exactly, name: 'read', command: benchCommand('floor', 'read.ts'), isLimit: true, hasLists: false },
    {
      ...exactly,
      name: 'floor',
      command: benchCommand('floor', 'main.ts'),
      isLimit: true,
      environment: { TAPE: tape },
    },
    { ...exactly, name: 'kafka', command: benchCommand('reference', 'main.ts'), threads: count('threads', 1) },
  ];
  if (values.peer !== undefined) {
    all.push({ ...exactly, name: 'peer', command: values.peer, threads: PEER_THREADS });
    all.push({ ...exactly, name: 'peer-alo', command: values.peer, guarantee: 'at_least_once', threads: PEER_THREADS });
  }
  return all.filter(({ name }) => wanted.has(name));
}

function note(figures: Figures, name: string, events: number, measured: Measured): void {
  figures.note(`${name}, events/s`, measured.eventsPerS);
  figures.note(`${name}, CPU s per million events`, (measured.cpuS * 1e6) / events);
  figures.note(`${name}, peak memory, MiB`, measured.peakRssMiB);
  if (measured.restore === undefined) return;
  figures.note(`${name}, restore, records/s`, measured.restore.recordsPerS);
  figures.note(`${name}, restore, CPU s of the process`, measured.restore.cpuS);
}

const RATIOS = ['events/s', 'CPU s per million events', 'peak memory, MiB'];

/** Ratios of figures of one round, since the machine is another in each: of the engine on Kafka to all others, and of the product to the peer. */
function ratios(figures: Figures): string[] {
  const pairs = [
    ...['read', 'floor', 'embedded', 'product', 'peer', 'peer-alo'].map((other) => ['kafka', other]),
    ['embedded', 'peer'],
    ['product', 'peer'],
  ];
  const lines: string[] = [];
  for (const [one, other] of pairs)
    for (const figure of RATIOS) {
      const ours = figures.of(`${one}, ${figure}`);
      const theirs = figures.of(`${other}, ${figure}`);
      if (ours.length === 0 || ours.length !== theirs.length) continue;
      const each = ours.map((value, round) => value / theirs[round]!);
      const [low, high] = [Math.min(...each), Math.max(...each)].map((value) => value.toFixed(2));
      lines.push(`| ${one} / ${other}, ${figure} | ${median(each).toFixed(2)} | ${low} | ${high} | ${each.length} |`);
    }
  return lines;
}

async function main(workload: string): Promise<void> {
  const rounds = count('rounds', 1);
  say(await describeMachine());
  say(`command   --only ${values.only} --rounds ${rounds} --events ${values.events} --threads ${values.threads}`);
  await withServers(async (servers) => {
    const figures = new Figures();
    try {
      const bench = new Bench(workload, servers, figures);
      await bench.record();
      for (let round = 1; round <= rounds; round++) await bench.round(`round ${round} of ${rounds}`);
    } finally {
      if (figures.table().includes('\n')) say(`\n${[figures.table(), ...ratios(figures)].join('\n')}`);
    }
  });
}

class Bench {
  readonly #events = count('events', 1);
  readonly #seconds = count('seconds', 0);
  readonly #wanted = new Set(values.only.split(','));
  readonly #servers: BenchServers;
  readonly #figures: Figures;
  readonly #applications: readonly Application[];
  readonly #tape: string;
  readonly #common;

  constructor(workload: string, servers: BenchServers, figures: Figures) {
    const { directory } = servers;
    this.#servers = servers;
    this.#figures = figures;
    this.#tape = join(directory, 'tape');
    this.#applications = applicationsOf(this.#tape);
    this.#common = { ...servers, workload, results: join(directory, 'results'), events: this.#events };
  }

  /** What the floor plays. */
  async record(): Promise<void> {
    if (!this.#wanted.has('floor')) return;
    const recorded = {
      name: 'recording',
      command: benchCommand('reference', 'main.ts'),
      environment: { TAPE: this.#tape },
    };
    await measure({ ...this.#common, ...recorded, guarantee: 'exactly_once_v2', threads: 1, restores: false });
  }

  async round(name: string): Promise<void> {
    const rates = new Map<string, number>();
    for (const application of this.#applications) {
      const startedMs = performance.now();
      const measured = await this.#application(application);
      rates.set(application.name, measured.eventsPerS);
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      say(`${name}: ${application.name} ${measured.eventsPerS} events/s, ${measured.cpuS} CPU s, ${seconds} s in all`);
    }
    // Half of a rate that is several times the other's is another load: the same one besides.
    const peerRate = rates.get('peer');
    const kafka = this.#applications.find((application) => application.name === 'kafka');
    if (peerRate !== undefined && kafka !== undefined && this.#seconds > 0)
      await this.#steadyLoad(kafka, peerRate / 2, `kafka, at the peer's half load`);
    if (this.#wanted.has('embedded')) say(`${name}: embedded ${await this.#embedded()} events/s`);
    if (this.#wanted.has('product')) say(`${name}: product ${await this.#product()} events/s`);
  }

  async #application(application: Application): Promise<Measured> {
    const { name, isLimit, hasLists } = application;
    const measured = await measure({ ...this.#common, ...application, restores: !isLimit });
    if (hasLists) await verify(this.#common.workload, this.#servers, { events: this.#events });
    note(this.#figures, name, this.#events, measured);
    if (this.#seconds > 0 && !isLimit)
      await this.#steadyLoad(application, measured.eventsPerS / 2, `${name}, half load`);
    return measured;
  }

  /** @param at what its figures are called */
  async #steadyLoad(application: Application, rate: number, at: string): Promise<void> {
    const load = { eventsPerS: Math.round(rate), seconds: this.#seconds };
    const { userListMs, itemListMs, missing } = await measureHalfLoad({ ...this.#common, ...application, ...load });
    // Another application's faults are its own, and noted.
    if (missing > 0 && application.name === 'kafka') throw new Error(`lists of ${missing} probes have not come`);
    this.#figures.note(`${at}, probes whose lists never came`, missing);
    this.#figures.note(`${at}, events/s`, load.eventsPerS);
    this.#figures.note(`${at}, event to user list p50, ms`, quantile(userListMs, 0.5));
    this.#figures.note(`${at}, event to user list p99, ms`, quantile(userListMs, 0.99));
    this.#figures.note(`${at}, event to item list p50, ms`, quantile(itemListMs, 0.5));
    this.#figures.note(`${at}, event to item list p99, ms`, quantile(itemListMs, 0.99));
  }

  async #embedded(): Promise<number> {
    await this.#flush();
    const answer = await measureEmbedded(benchCommand('embedded', 'main.ts'), this.#common);
    await verify(this.#common.workload, this.#servers, { events: this.#events });
    this.#figures.note('embedded, events/s', answer.eventsPerSecond);
    this.#figures.note('embedded, CPU s per million events', (answer.cpuSeconds * 1e6) / this.#events);
    this.#figures.note('embedded, peak memory, MiB', answer.peakBytes / 2 ** 20);
    return Math.round(answer.eventsPerSecond);
  }

  async #product(): Promise<number> {
    await this.#flush();
    const { counted, eventsPerS, cpuS, peakBytes } = await productRun({ ...this.#common, processes: PEER_THREADS });
    this.#figures.note('product, events/s', eventsPerS);
    this.#figures.note('product, CPU s per million events', (cpuS.engine * 1e6) / counted);
    const allBytes = peakBytes.reduce((sum, bytes) => sum + bytes, 0);
    this.#figures.note('product, peak memory, MiB', allBytes / 2 ** 20);
    return Math.round(eventsPerS);
  }

  async #flush(): Promise<void> {
    const redis = new Redis(this.#servers.redisUrl);
    await redis.flushdb();
    redis.disconnect();
  }
}

if (values.help || values.workload === undefined) {
  say(USAGE);
  process.exitCode = values.help ? 0 : 1;
} else await main(resolve(values.workload));
