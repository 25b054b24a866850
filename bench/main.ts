// The reference workload through this engine, its limits and a peer: `npm run bench -- --workload DIR`. Rounds are interleaved, each
// starts with empty topics, and each checks its answers before a figure is noted: every event counted once, lists as recomputed, every
// user's list from that user's last event.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { startKafka } from '../deploy/local-stack/kafka.ts';
import { startRedis } from '../deploy/local-stack/redis.ts';
import { Figures, median } from './figures.ts';
import { describeMachine } from './machine.ts';
import { type Measured, measure, measureEmbedded, type Servers, verify } from './measured-run.ts';

const USAGE = `npm run bench -- --workload DIR [options]
  --workload DIR  folder of measure.mjs, verify.mjs and workload.mjs, packages installed
  --peer COMMAND  starts another application that does the same job; left out, it is not compared
  --only LIST     with commas, of: read, floor, kafka, embedded, peer, peer-alo (all)
  --rounds N      (5)
  --events N      (300000)
  --probes N      single events into each idle application (0)
  --threads N     processes of the engine on Kafka (1)
  --restore       has every application restore its state`;

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    peer: { type: 'string' },
    only: { type: 'string', default: 'read,floor,kafka,embedded,peer,peer-alo' },
    rounds: { type: 'string', default: '5' },
    events: { type: 'string', default: '300000' },
    probes: { type: 'string', default: '0' },
    threads: { type: 'string', default: '1' },
    restore: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

/** Files in this folder, as commands. */
const command = (...path: string[]) => `${process.execPath} --no-warnings ${join(import.meta.dirname, ...path)}`;

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

function count(name: 'rounds' | 'events' | 'probes' | 'threads', least: number): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < least)
    throw new RangeError(`--${name} takes a whole number from ${least} on, not "${values[name]}"`);
  return number;
}

function applicationsOf(tape: string): Application[] {
  const wanted = new Set(values.only.split(','));
  const exactly = { guarantee: 'exactly_once_v2', threads: 1, isLimit: false, hasLists: true } as const;
  const all: Application[] = [
    { ...exactly, name: 'read', command: command('floor', 'read.ts'), isLimit: true, hasLists: false },
    { ...exactly, name: 'floor', command: command('floor', 'main.ts'), isLimit: true, environment: { TAPE: tape } },
    { ...exactly, name: 'kafka', command: command('reference', 'main.ts'), threads: count('threads', 1) },
  ];
  if (values.peer !== undefined) {
    all.push({ ...exactly, name: 'peer', command: values.peer, threads: 2 });
    all.push({ ...exactly, name: 'peer-alo', command: values.peer, guarantee: 'at_least_once', threads: 2 });
  }
  return all.filter(({ name }) => wanted.has(name));
}

function note(figures: Figures, name: string, events: number, measured: Measured): void {
  figures.note(`${name}, events/s`, measured.eventsPerS);
  figures.note(`${name}, CPU s per million events`, (measured.cpuS * 1e6) / events);
  figures.note(`${name}, peak memory, MiB`, measured.peakRssMiB);
  for (const [list, { median: middle, p95 }] of Object.entries(measured.freshnessMs ?? {}))
    if (typeof middle === 'number') {
      figures.note(`${name}, idle, event to ${list} median, ms`, middle);
      figures.note(`${name}, idle, event to ${list} p95, ms`, p95);
    }
  if (measured.restore === undefined) return;
  figures.note(`${name}, restore, records/s`, measured.restore.recordsPerS);
  figures.note(`${name}, restore, CPU s of the process`, measured.restore.cpuS);
}

/** Ratios of a round's figures to those of the engine on Kafka: of one round, since the machine is another in each. */
function ratios(figures: Figures): string[] {
  const lines: string[] = [];
  for (const other of ['read', 'floor', 'embedded', 'peer', 'peer-alo'])
    for (const figure of ['events/s', 'CPU s per million events', 'peak memory, MiB']) {
      const ours = figures.of(`kafka, ${figure}`);
      const theirs = figures.of(`${other}, ${figure}`);
      if (ours.length === 0 || ours.length !== theirs.length) continue;
      const each = ours.map((value, round) => value / theirs[round]!);
      const [low, high] = [Math.min(...each), Math.max(...each)].map((value) => value.toFixed(2));
      lines.push(`| kafka / ${other}, ${figure} | ${median(each).toFixed(2)} | ${low} | ${high} | ${each.length} |`);
    }
  return lines;
}

async function main(workload: string): Promise<void> {
  const events = count('events', 1);
  const rounds = count('rounds', 1);
  const probes = count('probes', 0);
  say(await describeMachine());
  say(`command   --only ${values.only} --rounds ${rounds} --events ${events} --threads ${values.threads}`);
  const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-'));
  const kafka = await startKafka({ directory: join(directory, 'kafka'), heapMegabytes: 1024 });
  const redisServer = await startRedis({ directory: join(directory, 'redis') });
  const servers: Servers = { bootstrap: kafka.bootstrap, redisUrl: redisServer.url };
  const redis = new Redis(servers.redisUrl);
  const figures = new Figures();
  try {
    const tape = join(directory, 'tape');
    const applications = applicationsOf(tape);
    const common = { ...servers, workload, results: join(directory, 'results'), events };
    if (applications.some(({ name }) => name === 'floor')) {
      const recorded = { name: 'recording', command: command('reference', 'main.ts'), environment: { TAPE: tape } };
      await measure({ ...common, ...recorded, guarantee: 'exactly_once_v2', threads: 1, probes: 0, restores: false });
    }
    for (let round = 1; round <= rounds; round++) {
      for (const application of applications) {
        const { name, isLimit, hasLists } = application;
        const measured = await measure({ ...common, ...application, probes: 0, restores: values.restore && !isLimit });
        if (hasLists) await verify(workload, servers, events);
        note(figures, name, events, measured);
        // In a run of its own: what is probed cannot be verified.
        if (probes > 0 && !isLimit)
          note(
            figures,
            `${name} probed`,
            events,
            await measure({ ...common, ...application, probes, restores: false }),
          );
        say(`round ${round} of ${rounds}: ${name} ${measured.eventsPerS} events/s, ${measured.cpuS} CPU s`);
      }
      if (values.only.split(',').includes('embedded')) {
        await redis.flushdb();
        const answer = await measureEmbedded(join(import.meta.dirname, 'embedded', 'main.ts'), common);
        await verify(workload, servers, events);
        figures.note('embedded, events/s', answer.eventsPerSecond);
        figures.note('embedded, CPU s per million events', (answer.cpuSeconds * 1e6) / events);
        figures.note('embedded, peak memory, MiB', answer.peakBytes / 2 ** 20);
        say(`round ${round} of ${rounds}: embedded ${Math.round(answer.eventsPerSecond)} events/s`);
      }
    }
  } finally {
    if (figures.table().includes('\n')) say(`\n${[figures.table(), ...ratios(figures)].join('\n')}`);
    redis.disconnect();
    await redisServer.stop();
    await kafka.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

if (values.help || values.workload === undefined) {
  say(USAGE);
  process.exitCode = values.help ? 0 : 1;
} else await main(resolve(values.workload));
