// Restoring every task of an application from its changelog into an empty directory, on one instance. The state must be the one that
// was left behind, byte for byte, but for the positions, which every new owner writes.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { taskColumnFamiliesOf } from '../engine/runtime/index.ts';
import { createFileSchemaSource, createSerdes } from '../schemas/index.ts';
import { buildRecommendationTopology } from '../topology/index.ts';
import { checkCounts, checkLists } from './answers.ts';
import { PARTITIONS, Run } from './application.ts';
import type { Figures } from './figures.ts';
import { poll } from './poll.ts';
import { Shop, type ShopRunOptions } from './shop.ts';
import { stateDigest } from './state-digest.ts';

const LONGEST_RESTORE_MS = 300_000;
/** Nothing has been committed for so long: what timers still owed has been done. */
const QUIET_MS = 3_000;
const LONGEST_UNREST_MS = 90_000;

export async function restoreRound(options: ShopRunOptions, events: number, figures: Figures): Promise<void> {
  const run = await Run.open(options);
  try {
    const shop = await Shop.open(run.sender, options.seed);
    await shop.sendAtOnce(events);
    const first = run.start('engine-1');
    await run.drained();
    await quiet(run);
    checkCounts(run);
    await checkLists(run);
    run.instances.length = 0;
    await first.stop();

    const startedMs = Date.now();
    const second = run.start('engine-2');
    await poll('all tasks to run', () => run.isRunning(), LONGEST_RESTORE_MS);
    const runningMs = Date.now();
    const { restored } = second;
    const peakBytes = second.cost.peakBytes;
    run.instances.length = 0;
    await second.stop();
    await checkState(run, first.directory, second.directory);
    let records = 0;
    let bytes = 0;
    for (const report of restored) {
      records += report.records;
      bytes += report.bytes;
    }
    const fromMs = Math.min(...restored.map(({ atMs, seconds }) => atMs - seconds * 1_000));
    const seconds = (Math.max(...restored.map(({ atMs }) => atMs)) - fromMs) / 1_000;
    figures.note('restore, changelog records', records);
    figures.note('restore, changelog MB', bytes / 1e6);
    figures.note('restore, records/s', records / seconds);
    figures.note('restore, MB/s', bytes / 1e6 / seconds);
    figures.note('restore, start of the process until all tasks run, s', (runningMs - startedMs) / 1_000);
    figures.note('restore, peak memory of the instance, MB', peakBytes / 1e6);
  } finally {
    await run.close();
  }
}

/** @throws Error when commits never end. */
async function quiet(run: Run): Promise<void> {
  const deadline = performance.now() + LONGEST_UNREST_MS;
  const commits = () =>
    run.instances
      .flatMap(({ view }) => view?.tasks ?? [])
      .map(({ commitNumber }) => commitNumber)
      .join();
  let last = '';
  while (last !== commits()) {
    if (performance.now() > deadline) throw new Error('commits go on although all input has been processed');
    last = commits();
    await sleep(QUIET_MS);
  }
}

async function checkState({ application: { config } }: Run, before: string, after: string): Promise<void> {
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 0,
    partitions: PARTITIONS,
  });
  const digestOf = (directory: string) =>
    stateDigest(join(directory, config.appId, 'tasks'), taskColumnFamiliesOf(topology));
  const [left, found] = [await digestOf(before), await digestOf(after)];
  const wrong = Object.keys(left).filter((store) => left[store] !== found[store]);
  if (wrong.length > 0) throw new Error(`the restored state differs from the one left behind in ${wrong.join(', ')}`);
}
