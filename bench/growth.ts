// What an event costs when there has been more of everything: `npm run bench:growth -- --workload DIR`. The reference job on Kafka, with
// ten times the events, visitors and items, one after the other, and in the end with a quarter of the memory that its state takes.
// Every run is checked like those of main.ts.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { benchCommand } from './bench-command.ts';
import { type BenchServers, withServers } from './bench-servers.ts';
import { Figures, median } from './figures.ts';
import { describeMachine } from './machine.ts';
import { measure, type Sizes, verify } from './measured-run.ts';
import { loadWorkload } from './workload.ts';

const USAGE = `npm run bench:growth -- --workload DIR [options]
  --workload DIR  folder of measure.mjs, verify.mjs and workload.mjs, packages installed
  --rounds N      (1)
  --events N      of the first run; all others have ten times as many (300000)`;

const FACTOR = 10;
const MIB = 2 ** 20;
/** All state stays in memory. */
const UNBOUNDED_BYTES = 8 * 1024 * MIB;
/** So many times the memory budget the state is in the last run. */
const OVER_BUDGET = 4;
const COMMAND = benchCommand('reference', 'main.ts');

const { values } = parseArgs({
  options: {
    workload: { type: 'string' },
    rounds: { type: 'string', default: '1' },
    events: { type: 'string', default: '300000' },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Growth extends Sizes {
  readonly name: string;
}

async function growths(workload: string, events: number): Promise<Growth[]> {
  const { DEFAULTS } = await loadWorkload(workload);
  const more = { events: FACTOR * events };
  const users = FACTOR * DEFAULTS.users;
  const items = FACTOR * DEFAULTS.items;
  return [
    { name: 'as it is', events },
    { name: '10x events', ...more },
    { name: '10x events and visitors', ...more, users },
    { name: '10x events and items', ...more, items },
    { name: '10x events, visitors and items', ...more, users, items },
  ];
}

/** Notes what a run found; returns what its state takes in memory, as far as it was in memory. */
async function grown(servers: BenchServers, workload: string, growth: Growth, budgetBytes: number, figures: Figures) {
  const { name, events } = growth;
  const measured = await measure({
    ...servers,
    ...growth,
    workload,
    name: 'growth',
    results: join(servers.directory, 'results'),
    command: COMMAND,
    threads: 1,
    guarantee: 'exactly_once_v2',
    restores: false,
    environment: { CACHE_MAX_BYTES: String(budgetBytes) },
  });
  await verify(workload, servers, growth);
  const cacheBytes = measured.stats.cacheBytes!;
  const pairs = measured.stats.pairs!;
  figures.note(`${name}, events/s`, measured.eventsPerS);
  figures.note(`${name}, CPU s per million events`, (measured.cpuS * 1e6) / events);
  // A visitor with a longer history makes more of them: that is the job's, and not a cost of what is kept.
  figures.note(`${name}, pairs an event`, pairs / events);
  figures.note(`${name}, CPU µs a pair`, (measured.cpuS * 1e6) / pairs);
  figures.note(`${name}, peak memory, MiB`, measured.peakRssMiB);
  figures.note(`${name}, state in memory, MiB`, cacheBytes / MIB);
  say(`${name}: ${measured.eventsPerS} events/s, ${measured.cpuS} CPU s, ${measured.peakRssMiB} MiB`);
  return cacheBytes;
}

/** Costs against those of the first run. */
function ratios(figures: Figures, names: readonly string[]): string[] {
  return names.slice(1).map((name) => {
    const ratio = (figure: string) => {
      const cost = (of: string) => median(figures.of(`${of}, ${figure}`));
      return `| ${name} / ${names[0]}, ${figure} | ${(cost(name) / cost(names[0]!)).toFixed(2)} |  |  |  |`;
    };
    return ['CPU s per million events', 'CPU µs a pair'].map(ratio).join('\n');
  });
}

async function main(workload: string): Promise<void> {
  const [rounds, events] = [Number(values.rounds), Number(values.events)];
  if (!(Number.isSafeInteger(rounds) && rounds > 0 && Number.isSafeInteger(events) && events > 0))
    throw new RangeError('--rounds and --events take whole numbers from 1 on');
  say(await describeMachine());
  say(`command   --rounds ${rounds} --events ${events}`);
  const all = await growths(workload, events);
  const last = { ...all.at(-1)!, name: `the same with a quarter of the memory` };
  const figures = new Figures();
  await withServers(async (servers) => {
    for (let round = 0; round < rounds; round++) {
      let stateBytes = 0;
      for (const growth of all) stateBytes = await grown(servers, workload, growth, UNBOUNDED_BYTES, figures);
      await grown(servers, workload, last, Math.ceil(stateBytes / OVER_BUDGET), figures);
    }
  });
  const names = [...all, last].map(({ name }) => name);
  say(`\n${[figures.table(), ...ratios(figures, names)].join('\n')}`);
}

if (values.help || values.workload === undefined) {
  say(USAGE);
  process.exitCode = values.help ? 0 : 1;
} else await main(resolve(values.workload));
