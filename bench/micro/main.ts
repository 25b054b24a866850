// Times the hot functions against a fixed loop: `node main.ts [--record | --check]`. `--record` adds the figures to history.jsonl, `--check`
// fails when a function has become slow by them. Rounds are interleaved and the fastest slice of each counts, which other work on the machine
// disturbs least.

import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../figures.ts';
import { createCases } from './cases.ts';
import { type Entry, parseHistory, slowCases } from './history.ts';

const { values } = parseArgs({
  options: { record: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
});

const ROUNDS = 5;
/** Length of a slice, and slices of a round: about 1 s for all cases. */
const SLICE_MS = 10;
const SLICES = 5;
const WARM_UP_MS = 300;
const HISTORY = join(import.meta.dirname, 'history.jsonl');

/** The fixed loop: a checksum of 64 kB, byte by byte. */
const bytes = Uint8Array.from({ length: 65_536 }, (_, n) => n);
function reference(): number {
  let sum = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ bytes[i]!, 0x01000193);
  return sum;
}

/** What the cases return goes here, so that no call can be left out. */
const sink = new Int32Array(1);

/** Calls in a slice of `ms`, as ms per call. */
function time(run: () => number, ms: number): number {
  const startedMs = performance.now();
  let calls = 0;
  let now: number;
  do {
    sink[0]! ^= run();
    calls += 1;
    now = performance.now();
  } while (now - startedMs < ms);
  return (now - startedMs) / calls;
}

function fastest(run: () => number): number {
  return Math.min(...Array.from({ length: SLICES }, () => time(run, SLICE_MS)));
}

const cases = createCases();
time(reference, WARM_UP_MS);
for (const { run } of cases) time(run, WARM_UP_MS);
const rounds = new Map(cases.map(({ name }) => [name, { ratios: [] as number[], times: [] as number[] }]));
for (let round = 0; round < ROUNDS; round++)
  for (const { name, run } of cases) {
    const unit = fastest(reference);
    const taken = fastest(run);
    rounds.get(name)!.ratios.push(taken / unit);
    rounds.get(name)!.times.push(taken);
  }

const ratios: { [name: string]: number } = {};
for (const [name, { ratios: all, times }] of rounds) {
  ratios[name] = Number(median(all).toPrecision(4));
  process.stdout.write(
    `${name.padEnd(42)} ${(1_000 * median(times)).toFixed(1).padStart(8)} us   ${ratios[name]} of the loop\n`,
  );
}

if (values.record) {
  const entry: Entry = {
    date: new Date().toISOString().slice(0, 10),
    revision: execFileSync('git', ['-C', import.meta.dirname, 'describe', '--always', '--dirty'])
      .toString()
      .trim(),
    node: process.versions.node,
    cpu: cpus()[0]?.model ?? 'unknown',
    ratios,
  };
  appendFileSync(HISTORY, `${JSON.stringify(entry)}\n`);
}
if (values.check) {
  const slow = slowCases(parseHistory(readFileSync(HISTORY, 'utf8')), ratios);
  for (const line of slow) process.stderr.write(`SLOW ${line}\n`);
  if (slow.length > 0) process.exitCode = 1;
}
