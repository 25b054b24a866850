// Figures of the production engine on real servers that it starts: `npm run bench:production -- --scenario all --rounds 3`. Every
// round is an application of its own; every round checks what came out before it notes a figure.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort } from '../deploy/local-stack/ports.ts';
import { startStack } from '../deploy/local-stack/stack.ts';
import { Figures, median } from './figures.ts';
import { describeMachine } from './machine.ts';
import { failoverRound } from './scenario-failover.ts';
import { latencyRound } from './scenario-latency.ts';
import { restoreRound } from './scenario-restore.ts';
import { throughputRound } from './scenario-throughput.ts';
import type { ShopRunOptions } from './shop.ts';

const SCENARIOS = ['throughput', 'latency', 'restore', 'failover'] as const;

const USAGE = `npm run bench:production -- [options]
  --scenario NAME   ${SCENARIOS.join(', ')} or all (default)
  --rounds N        rounds of each (3)
  --events N        events that are sent at once; the state that is restored and taken over (40000)
  --instances LIST  of throughput, with commas (1,2)
  --rate N          events/s of latency and failover; left out: half of what one instance did, and 500
  --seconds N       time that latency is measured for (20)
  --seed N          of the simulated shop (7)
  --profile DIR     instances write CPU profiles there: npm run bench:profile -- DIR`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'all' },
    rounds: { type: 'string', default: '3' },
    events: { type: 'string', default: '40000' },
    instances: { type: 'string', default: '1,2' },
    rate: { type: 'string' },
    seconds: { type: 'string', default: '20' },
    seed: { type: 'string', default: '7' },
    profile: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

function count(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError(`--${name} takes a whole number from 1 on, not "${text}"`);
  return number;
}

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const wanted = SCENARIOS.filter((name) => values.scenario === 'all' || values.scenario === name);
  if (values.help || wanted.length === 0) {
    say(USAGE);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const rounds = count('rounds', values.rounds);
  const events = count('events', values.events);
  const seconds = count('seconds', values.seconds);
  const instances = values.instances.split(',').map((text) => count('instances', text));
  const rate = values.rate === undefined ? undefined : count('rate', values.rate);
  say(await describeMachine());
  say(`command   --scenario ${values.scenario} --rounds ${rounds} --events ${events} --seed ${values.seed}`);

  const directory = await mkdtemp(join(tmpdir(), 'freshet-bench-'));
  const stack = await startStack({
    directory: join(directory, 'stack'),
    ports: { kafka: await freePort(), registry: await freePort(), redis: await freePort() },
  });
  const figures = new Figures();
  const options: ShopRunOptions = {
    stack,
    directory,
    seed: count('seed', values.seed),
    profileDirectory: values.profile === undefined ? undefined : resolve(values.profile),
  };
  const round = async (name: string, number: number, work: () => Promise<unknown>) => {
    const startedMs = performance.now();
    await work();
    say(`${name}, round ${number} of ${rounds}: ${((performance.now() - startedMs) / 1_000).toFixed(0)} s`);
  };
  const throughput: number[] = [];
  const run = {
    throughput: async () => {
      // Each round has them all, so that a busy moment of the machine does not hit one of them only.
      for (const count of instances) {
        const perSecond = await throughputRound(options, count, events, figures);
        if (count === 1) throughput.push(perSecond);
      }
    },
    latency: async () => {
      if (rate === undefined && throughput.length === 0)
        throughput.push(await throughputRound(options, 1, events, new Figures()));
      const eventsPerSecond = rate ?? Math.round(median(throughput) / 2);
      await latencyRound(options, { events, eventsPerSecond, seconds }, figures);
    },
    restore: () => restoreRound(options, events, figures),
    failover: async () => {
      for (const standbyReplicas of [0, 1])
        await failoverRound(options, { events, eventsPerSecond: rate ?? FAILOVER_RATE, standbyReplicas }, figures);
    },
  };
  try {
    for (const name of wanted) for (let i = 1; i <= rounds; i++) await round(name, i, () => run[name]());
  } finally {
    if (figures.table().includes('\n')) say(`\n${figures.table()}`);
    await stack.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Events/s while an instance is killed: a load that one instance bears. */
const FAILOVER_RATE = 500;

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
}
process.exit();
