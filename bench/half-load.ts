// Event to list while events come at a steady rate, of any application that keeps the measuring script's contract. Producer, probes and
// reader share the machine with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import kafkajs, { type Admin } from 'kafkajs';
import { type ProducerRecord, silentLogger } from '../engine/api/index.ts';
import { KafkaAppender } from '../engine/kafka/index.ts';
import { BETWEEN_LOOKS_MS, Looks } from './half-load-probes.ts';
import type { Servers } from './measured-run.ts';
import type { Click } from './reference/click.ts';
import { loadWorkload, type Workload } from './workload.ts';

const PARTITIONS = 4;
/** Sent at once before the rate begins, so that there is state and compiled code. */
const BULK = 4_000;
const WARM_UP_MS = 5_000;
const TICK_MS = 10;
const PROBE_EVERY_MS = 50;
const LONGEST_START_MS = 120_000;
const LONGEST_END_MS = 40_000;

export interface HalfLoadOptions extends Servers {
  readonly workload: string;
  readonly name: string;
  readonly command: string;
  readonly guarantee: string;
  readonly threads: number;
  /** Worked off before. */
  readonly events: number;
  readonly eventsPerS: number;
  readonly seconds: number;
}

export interface HalfLoad {
  readonly userListMs: readonly number[];
  readonly itemListMs: readonly number[];
  /** Probes with a list that has not come a minute after the load: an answer that is wrong. */
  readonly missing: number;
}

/** @throws {Error} when the application ends by itself. */
export async function measureHalfLoad(options: HalfLoadOptions): Promise<HalfLoad> {
  const { bootstrap, redisUrl, name, events, eventsPerS, seconds } = options;
  const run = `${name}-load-${Date.now().toString(36)}`;
  const topics = { clicks: `${run}.clicks`, neighbours: `${run}.item-neighbours` };
  const admin = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin();
  const redis = new Redis(redisUrl);
  const stateDirectory = await mkdtemp(join(tmpdir(), 'freshet-bench-load-'));
  const appender = new KafkaAppender({
    client: {
      brokers: [bootstrap],
      clientId: run,
      connectionTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      logger: silentLogger,
    },
    topicName: () => topics.clicks,
  });
  let application: ChildProcess | undefined;
  try {
    await admin.connect();
    await createTopics(admin, topics);
    await redis.flushdb();
    const load = new Load(await loadWorkload(options.workload), appender, events + eventsPerS * (seconds + 60));
    const looks = new Looks(redis);
    for (let left = events; left > 0; left -= BULK) await load.send(Math.min(left, BULK), []);
    application = start(options, run, stateDirectory);
    await running(application);
    // The lists of probes that come behind the backlog, on every partition.
    await steadily(load, looks, eventsPerS, WARM_UP_MS);
    await looks.settled();
    looks.clear();
    await steadily(load, looks, eventsPerS, seconds * 1_000);
    await looks.settled();
    await looks.close();
    return looks;
  } finally {
    if (application !== undefined) await end(application);
    await appender.close();
    redis.disconnect();
    const mine = (await admin.listTopics()).filter((topic) => topic.startsWith(run));
    if (mine.length > 0) await admin.deleteTopics({ topics: mine });
    await admin.disconnect();
    await rm(stateDirectory, { recursive: true, force: true });
  }
}

async function createTopics(
  admin: Admin,
  { clicks, neighbours }: { readonly clicks: string; readonly neighbours: string },
) {
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await admin.createTopics({
    topics: [
      { topic: clicks, numPartitions: PARTITIONS },
      { topic: neighbours, numPartitions: PARTITIONS, configEntries },
    ],
  });
}

function start({ bootstrap, redisUrl, command, guarantee, threads }: HalfLoadOptions, run: string, state: string) {
  return spawn('/bin/sh', ['-c', `exec ${command}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      KAFKA_BOOTSTRAP: bootstrap,
      REDIS_URL: redisUrl,
      APPLICATION_ID: run,
      PROCESSING_GUARANTEE: guarantee,
      TOPIC_PREFIX: `${run}.`,
      STATE_DIR: state,
      PARTITIONS: String(PARTITIONS),
      NUM_STREAM_THREADS: String(threads),
    },
  });
}

/** Resolves when it says that it runs; goes on reading what it says. */
async function running(application: ChildProcess): Promise<void> {
  const isRunning = new Promise<void>((resolve) => {
    createInterface(application.stdout!).on('line', (line) => {
      if (line.startsWith('STATE RUNNING')) resolve();
    });
  });
  const ended = once(application, 'exit').then(() => {
    throw new Error('the application has ended by itself');
  });
  const late = sleep(LONGEST_START_MS, undefined, { ref: false }).then(() => {
    throw new Error('the application does not run');
  });
  await Promise.race([isRunning, ended, late]);
  ended.catch(() => {});
  late.catch(() => {});
}

async function end(application: ChildProcess): Promise<void> {
  if (application.exitCode !== null) return;
  const ended = once(application, 'exit');
  application.kill('SIGTERM');
  const killing = setTimeout(() => application.kill('SIGKILL'), LONGEST_END_MS);
  await ended;
  clearTimeout(killing);
}

/** Sends at a rate by the clock, with a probe every now and then. A broker that is slow is sent more at a time: the rate holds. */
async function steadily(load: Load, looks: Looks, eventsPerS: number, forMs: number): Promise<void> {
  const startedMs = performance.now();
  let nextProbeMs = 0;
  for (let sent = 0; ; ) {
    await sleep(TICK_MS);
    const passedMs = performance.now() - startedMs;
    // No look is left alone.
    if (passedMs >= forMs && !looks.hasFirst) return;
    const due = Math.floor((Math.min(passedMs, forMs + BETWEEN_LOOKS_MS) / 1_000) * eventsPerS) - sent;
    const isProbed = passedMs >= nextProbeMs && passedMs < forMs;
    if (isProbed) nextProbeMs = passedMs + PROBE_EVERY_MS;
    await load.send(Math.max(0, due), looks.due(isProbed, load.atMs));
    sent += Math.max(0, due);
  }
}

/** Writes the workload's clicks, in its order. */
class Load {
  /** Event time of the last click. */
  atMs = 0;
  readonly #workload: Workload;
  readonly #clicks: Iterator<Click>;
  readonly #appender: KafkaAppender;

  constructor(workload: Workload, appender: KafkaAppender, most: number) {
    this.#workload = workload;
    this.#appender = appender;
    this.#clicks = workload.clicks({ events: most })[Symbol.iterator]();
  }

  async send(count: number, probes: readonly Click[]): Promise<void> {
    const records: ProducerRecord[] = [];
    const add = (click: Click) => {
      const value = this.#workload.encodeClick(click, 1);
      records.push({ topic: 'clicks', key: click.userId, value, timestampMs: click.at });
    };
    for (let i = 0; i < count; i++) {
      const { value, done } = this.#clicks.next();
      if (done) break;
      this.atMs = value.at;
      add(value);
    }
    for (const probe of probes) add(probe);
    if (records.length > 0) await this.#appender.append(records);
  }
}
