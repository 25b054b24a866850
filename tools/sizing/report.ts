// A size in words: what is needed, what it is multiplied from, and where it ends.

import type { Rebalance } from './simulate.ts';
import type { Assumptions, Demand, Size } from './size.ts';
import { UNITS } from './units.ts';

/** V8's Map has room for 2^24 keys: the index of items has one for each. */
const MAX_INDEXED_ITEMS = 16_000_000;

const number = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** What stands in the way of the size, a sentence each; the first one first. */
export function limitsOf(demand: Demand, size: Size): readonly string[] {
  const limits: string[] = [];
  const engines = size.tiers[0]!.count;
  if (size.neighboursCores > 1)
    limits.push(
      `Every instance reads every changed row: ${number(size.neighboursPerS)}/s, ${number(size.neighboursMbPerS)} MB/s, ${number(size.neighboursCores)} cores' worth of one thread. Instances cannot follow; neighbours have to be published less often (neighboursIntervalMs), or not to all.`,
    );
  else if (size.neighboursCores > 0.2)
    limits.push(
      `Every instance spends ${number(100 * size.neighboursCores)} % of its thread on reading changed rows (${number(size.neighboursPerS)}/s, ${number(size.neighboursMbPerS)} MB/s).`,
    );
  if (demand.items > MAX_INDEXED_ITEMS)
    limits.push('The index of items holds at most 16 million: it is one Map of V8.');
  if (2 * engines > size.partitions)
    limits.push(
      `There are ${size.partitions} partitions at most: some of the ${engines} instances have one task or none.`,
    );
  return limits;
}

export function sizeReport(demand: Demand, assumptions: Assumptions, size: Size, moves: readonly Rebalance[]): string {
  const lines = [
    `For ${number(demand.visitors)} visitors in 30 days, ${number(demand.items)} items, ${number(demand.eventsPerS)} events/s and ${number(demand.requestsPerS)} requests/s:`,
    '',
    `  ${'what'.padEnd(22)}${'number'.padStart(8)}${'cores'.padStart(8)}${'memory GB'.padStart(12)}${'disk GB'.padStart(10)}   (of each)`,
    ...size.tiers.map(
      ({ name, count, cores, memoryGb, diskGb }) =>
        `  ${name.padEnd(22)}${number(count).padStart(8)}${number(cores).padStart(8)}${number(memoryGb).padStart(12)}${number(diskGb).padStart(10)}`,
    ),
    '',
    `  partitions             ${size.partitions}, the fullest with ${number(size.partitionSkew)} times the mean (simulated)`,
    `  commits                ${number(size.commitsPerS)} a second of ${number(size.eventsPerCommit)} events, every ${assumptions.commitIntervalMs} ms (FRESHET_COMMIT_INTERVAL_MS)`,
    `  state                  ${number(size.stateGb)} GB of visitors and items, ${assumptions.standbyReplicas} standby copies`,
    `  Redis                  ${number(size.redisDataGb)} GB in ${size.shards} shards, the busiest with ${number(size.shardSkew)} times the mean of reads (simulated)`,
    `  neighbours             ${number(size.neighboursPerS)} changed rows/s to every instance, ${number(size.neighboursMbPerS)} MB/s each`,
    `  an instance's restore  ${number(size.restoreS)} s of changelogs without a standby, and ${number(size.tablesRestoreS)} s of tables where the disk is new`,
    `  cost                   ${number(size.monthlyCost)} USD a month: ${assumptions.pricePerCoreMonth} a core, ${assumptions.pricePerGbMemoryMonth} a GB of memory, ${assumptions.pricePerGbDiskMonth} a GB of disk`,
    '',
    'What changes of the group move (simulated with the real assignment; least: what has to move):',
    ...moves.map(
      ({ event, moved, restored, least }) =>
        `  ${event}: ${moved} tasks move, ${restored} are restored, least ${least}`,
    ),
  ];
  const limits = limitsOf(demand, size);
  lines.push('', limits.length === 0 ? 'Nothing known stands in the way.' : 'Where it ends:');
  for (const limit of limits) lines.push(`  ! ${limit}`);
  lines.push('', 'Multiplied from (measured, tools/sizing/units.ts):');
  for (const { value, unit, what, source } of Object.values(UNITS))
    lines.push(`  ${number(value).padStart(12)} ${unit.padEnd(10)} ${what}  [${source}]`);
  lines.push('', 'Assumed:');
  for (const [name, value] of Object.entries(assumptions)) lines.push(`  ${name} = ${value}`);
  return `${lines.join('\n')}\n`;
}
