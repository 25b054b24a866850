// From kill -9 of an instance to the first list that the new owner of its tasks has published, as a reader sees it, under a steady
// load. Most of it is the group's session timeout: nobody else can know that the instance is dead.

import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf } from '../engine/api/index.ts';
import { checkLists } from './answers.ts';
import { PARTITIONS, Run } from './application.ts';
import type { Figures } from './figures.ts';
import { ListProbe } from './list-probe.ts';
import { poll } from './poll.ts';
import { Shop, type ShopRunOptions } from './shop.ts';

const LONGEST_START_MS = 120_000;
const LONGEST_FAILOVER_MS = 120_000;
const BEFORE_KILL_MS = 4_000;

export interface FailoverOptions {
  /** Events that are worked off first: the state to be taken over. */
  readonly events: number;
  readonly eventsPerSecond: number;
  readonly standbyReplicas: number;
}

export async function failoverRound(options: ShopRunOptions, load: FailoverOptions, figures: Figures): Promise<void> {
  const run = await Run.open(options, { FRESHET_STANDBY_REPLICAS: String(load.standbyReplicas) });
  const probe = new ListProbe(run.lists);
  const stopping = new AbortController();
  try {
    const shop = await Shop.open(run.sender, options.seed);
    await shop.sendAtOnce(load.events);
    const victim = run.start('engine-1');
    const survivor = run.start('engine-2');
    await poll('both instances to run tasks', () => run.isRunning() && run.isSpread(), LONGEST_START_MS);
    await run.drained();
    const lost = activeTasks(victim.view);
    if (lost.length === 0) throw new Error('the instance to be killed runs no task');
    const sending = shop.sendSteadily(load.eventsPerSecond, stopping.signal, (event) => {
      if (lost.includes(partitionOf(event.visitorId, PARTITIONS))) probe.expect(event);
    });
    await Promise.race([sleep(BEFORE_KILL_MS), sending]);
    survivor.restored.length = 0;
    const killMs = performance.timeOrigin + performance.now();
    await victim.kill();
    run.instances.splice(run.instances.indexOf(victim), 1);
    let assignedMs: number | undefined;
    await poll(
      'a list of a new owner',
      () => {
        if (assignedMs === undefined && activeTasks(survivor.view).length === PARTITIONS)
          assignedMs = survivor.view!.atMs;
        return probe.seen.some(({ atMs }) => atMs > killMs);
      },
      LONGEST_FAILOVER_MS,
    );
    const first = probe.seen.find(({ atMs }) => atMs > killMs)!;
    await poll('the backlog to be worked off', () => run.lag() < load.eventsPerSecond / 4, LONGEST_FAILOVER_MS);
    const caughtUpMs = performance.timeOrigin + performance.now();
    stopping.abort();
    await sending;
    await run.drainedAfterKill();
    await checkLists(run);
    const name = load.standbyReplicas > 0 ? 'with a standby' : 'without a standby';
    figures.note(`failover, ${name}, kill to the first list, s`, (first.seenMs - killMs) / 1_000);
    figures.note(`failover, ${name}, tasks assigned to the first list, s`, (first.seenMs - assignedMs!) / 1_000);
    figures.note(`failover, ${name}, kill to caught up, s`, (caughtUpMs - killMs) / 1_000);
    let records = 0;
    for (const report of survivor.restored) records += report.records;
    figures.note(`failover, ${name}, changelog records restored`, records);
    figures.note(`failover, ${name}, peak memory of the survivor, MB`, survivor.cost.peakBytes / 1e6);
  } finally {
    stopping.abort();
    await probe.close();
    await run.close();
  }
}

const activeTasks = (view: Run['instances'][number]['view']) =>
  (view?.tasks ?? []).filter(({ role }) => role === 'active').map(({ taskId }) => taskId);
