// Kill -9 during a replay, started again until it is done: the state, the lists and the log must be those of a run that nobody
// disturbed, byte for byte.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COMMIT_STEPS } from '../../engine/runtime/index.ts';
import { contentsOf } from '../support/data-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const PARTITIONS = 3;
const KILLS = Number(process.env.KILLS ?? 4);
const folder = mkdtempSync(join(tmpdir(), 'freshet-kill-'));
const events = join(folder, 'events.jsonl');
let undisturbed: string[];
let undisturbedMs: number;

function environment(dataDir: string) {
  return {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    FRESHET_DATA_DIR: join(folder, dataDir),
    FRESHET_PARTITIONS: String(PARTITIONS),
    FRESHET_RECORDS_PER_BATCH: '60',
    FRESHET_CACHE_MAX_MB: '16',
  };
}

function start(script: string, parameters: readonly string[], dataDir: string): ChildProcess {
  return spawn(process.execPath, [join(root, script), ...parameters], {
    env: environment(dataDir),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** How the process ended: its code, or the signal that ended it. */
async function ended(child: ChildProcess): Promise<number | NodeJS.Signals> {
  let complaints = '';
  child.stderr!.on('data', (text) => {
    complaints += String(text);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('close', (...how) => resolve(how));
  });
  if (signal === null) assert.equal(code, 0, complaints);
  return signal ?? code!;
}

before(async () => {
  const simulation = ['simulate', '--events', '3000', '--seed', '7', '--bad', '0.01', '--out', events];
  await ended(start('app/main.ts', simulation, 'unused'));
  const startedMs = performance.now();
  await ended(start('app/main.ts', ['replay', 'events', events], 'undisturbed'));
  undisturbedMs = performance.now() - startedMs;
  undisturbed = await contentsOf(join(folder, 'undisturbed'), PARTITIONS);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test('the undisturbed run has state, lists and dead letters to compare', () => {
  for (const start of [
    'profiles ',
    'rows ',
    'segments ',
    'positions ',
    'list list:visitor:',
    'list list:item:',
    'log dead-letters-',
  ])
    assert.ok(
      undisturbed.some((line) => line.startsWith(start)),
      start,
    );
});

async function assertSame(dataDir: string, how: string): Promise<void> {
  const disturbed = await contentsOf(join(folder, dataDir), PARTITIONS);
  const known = new Set(undisturbed);
  const differing = disturbed.filter((line) => !known.has(line));
  assert.deepEqual(differing.slice(0, 3), [], `${how}: ${differing.length} lines differ`);
  assert.equal(disturbed.length, undisturbed.length, how);
}

test(`${KILLS} kills at random moments change nothing`, async (t) => {
  let kills = 0;
  for (let turn = 0; kills < KILLS; turn++) {
    const dataDir = `random-${turn}`;
    const moments: number[] = [];
    for (;;) {
      const child = start('app/main.ts', ['replay', 'events', events], dataDir);
      const end = ended(child);
      const moment = Math.random() * undisturbedMs;
      moments.push(Math.round(moment));
      const timer = setTimeout(() => child.kill('SIGKILL'), moment);
      const how = await end;
      clearTimeout(timer);
      if (how === 0) break;
      assert.equal(how, 'SIGKILL');
      kills += 1;
    }
    await assertSame(dataDir, `killed after ${moments.join(', ')} ms`);
  }
  t.diagnostic(`${kills} kills, undisturbed run ${Math.round(undisturbedMs)} ms`);
});

for (const step of COMMIT_STEPS)
  test(`a kill right after "${step}", at an early and a later commit, changes nothing`, async () => {
    const dataDir = `step-${step.replace(' ', '-')}`;
    for (const count of [2, 9]) {
      const how = await ended(start('test/support/killed-replay.ts', [events, step, String(count)], dataDir));
      assert.equal(how, 'SIGKILL', `commit ${count} reached "${step}"`);
    }
    assert.equal(await ended(start('app/main.ts', ['replay', 'events', events], dataDir)), 0);
    await assertSame(dataDir, step);
  });
