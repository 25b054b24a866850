// How large an installation has to be: arithmetic on measured figures (units.ts) and simulated skew (simulate.ts). Pure. Every step is a
// formula that can be read; what is assumed and not measured is an option with a default.

import { partitionSkew, shardSkew } from './simulate.ts';
import { UNITS } from './units.ts';
import { distinctDrawn } from './zipf.ts';

const GB = 1e9;
/** Of FRESHET_PARTITIONS. */
const MAX_PARTITIONS = 256;
/** Tasks of an instance at least, so that they can be spread evenly. */
const TASKS_PER_INSTANCE = 2;
/** Visitors of the simulations: fewer than there are, so more uneven than it will be. */
const SIMULATED_VISITORS = 200_000;
/** Between visitors: of 100 million the busiest then has one event in 20,000, which is a robot already. */
const VISITOR_EXPONENT = 0.5;
/** Rows that an event changes: its item's, and those of the partners in the session, of whom there are ten at most. */
const ROWS_PER_EVENT = 6;
/** The interval of neighbours' publications, `neighboursIntervalMs` in topology/settings.ts. */
const NEIGHBOURS_INTERVAL_S = 1;
const KEYS_PER_VISITOR = 4;
const KEYS_PER_ITEM = 3;

/** What is asked for. */
export interface Demand {
  /** Seen within the last 30 days: lists of others have expired. */
  readonly visitors: number;
  readonly items: number;
  readonly eventsPerS: number;
  readonly requestsPerS: number;
}

/** What is assumed. */
export interface Assumptions {
  /** Share of a core, or of a server's memory, that is used at the peak asked for. */
  readonly utilisation: number;
  readonly commitIntervalMs: number;
  readonly standbyReplicas: number;
  /** Copies of each Kafka partition, and of each Redis shard. */
  readonly kafkaReplicas: number;
  readonly redisReplicas: number;
  readonly retentionDays: number;
  /** Data of one Redis shard, GB. */
  readonly shardGb: number;
  /** Bytes on disk over bytes of state: compaction, RocksDB's levels, uncompacted changelog. */
  readonly diskFactor: number;
  readonly itemExponent: number;
  readonly pricePerCoreMonth: number;
  readonly pricePerGbMemoryMonth: number;
  readonly pricePerGbDiskMonth: number;
}

/** Round figures for rented servers in November 2026, USD a month: to be replaced by one's own. */
export const DEFAULT_ASSUMPTIONS: Assumptions = {
  utilisation: 0.6,
  commitIntervalMs: 250,
  standbyReplicas: 1,
  kafkaReplicas: 3,
  redisReplicas: 1,
  retentionDays: 7,
  shardGb: 25,
  diskFactor: 2,
  itemExponent: 1,
  pricePerCoreMonth: 25,
  pricePerGbMemoryMonth: 3.5,
  pricePerGbDiskMonth: 0.1,
};

/** Machines of one kind. */
export interface Tier {
  readonly name: string;
  readonly count: number;
  readonly cores: number;
  readonly memoryGb: number;
  readonly diskGb: number;
}

export interface Size {
  readonly partitions: number;
  readonly eventsPerCommit: number;
  readonly commitsPerS: number;
  readonly partitionSkew: number;
  /** Engine instances, endpoint processes, brokers, Redis servers. Cores, memory and disk are of each. */
  readonly tiers: readonly Tier[];
  readonly shards: number;
  readonly shardSkew: number;
  readonly redisDataGb: number;
  readonly stateGb: number;
  /** Rows that change in an interval of publication, per second, and what each instance reads for it. */
  readonly neighboursPerS: number;
  readonly neighboursMbPerS: number;
  /** Of a core: what an instance spends on reading neighbours. Above 1 it cannot follow. */
  readonly neighboursCores: number;
  readonly restoreS: number;
  readonly tablesRestoreS: number;
  readonly monthlyCost: number;
}

/** @throws {RangeError} for a demand or an assumption that is not a number above 0. */
export function sizeOf(demand: Demand, assumptions: Assumptions = DEFAULT_ASSUMPTIONS): Size {
  for (const [name, value] of Object.entries({ ...demand, ...assumptions }))
    if (!(Number.isFinite(value) && value >= 0)) throw new RangeError(`${name} has to be a number of 0 or more`);
  const { visitors, items, eventsPerS, requestsPerS } = demand;
  const { utilisation, kafkaReplicas, standbyReplicas, diskFactor } = assumptions;

  const plan = planTasks(eventsPerS, assumptions);
  const { partitions, instances } = plan;
  const neighboursPerS =
    distinctDrawn(items, assumptions.itemExponent, eventsPerS * ROWS_PER_EVENT * NEIGHBOURS_INTERVAL_S) /
    NEIGHBOURS_INTERVAL_S;

  const tableBytes = items * (UNITS.neighbourBytes.value + UNITS.catalogBytes.value);
  const stateBytes = visitors * UNITS.profileBytes.value + items * UNITS.rowBytes.value;
  const engine: Tier = {
    name: 'engine instances',
    count: instances,
    // One for JavaScript, one for RocksDB and the collector.
    cores: 2,
    memoryGb: (UNITS.instanceBaseBytes.value + items * UNITS.indexBytes.value) / utilisation / GB,
    diskGb: (((stateBytes * (1 + standbyReplicas)) / instances + tableBytes) * diskFactor) / GB,
  };

  const answersPerProcess = (utilisation * 1e6) / UNITS.answerCpuUs.value;
  const serving: Tier = {
    name: 'endpoint processes',
    // One may be gone.
    count: Math.max(2, Math.ceil(requestsPerS / answersPerProcess) + 1),
    cores: 1,
    memoryGb: UNITS.servingProcessBytes.value / utilisation / GB,
    diskGb: 1,
  };

  const logBytes = eventsPerS * UNITS.eventBytes.value * assumptions.retentionDays * 86_400;
  const brokerCores = (eventsPerS * UNITS.brokerEventCpuUs.value) / 1e6 / utilisation;
  const brokers = Math.max(kafkaReplicas, Math.ceil(brokerCores / 8));
  const kafka: Tier = {
    name: 'Kafka brokers',
    count: brokers,
    cores: Math.max(2, Math.ceil(brokerCores / brokers)),
    memoryGb: 16,
    diskGb: ((logBytes + (stateBytes + tableBytes) * diskFactor) * kafkaReplicas) / brokers / GB,
  };

  const redisDataGb =
    (visitors *
      (UNITS.visitorListBytes.value +
        UNITS.sessionListBytes.value +
        UNITS.visitorOtherBytes.value +
        KEYS_PER_VISITOR * UNITS.listOverheadBytes.value) +
      items * (UNITS.itemListBytes.value + UNITS.cardBytes.value + KEYS_PER_ITEM * UNITS.listOverheadBytes.value)) /
    GB;
  const redisCores =
    (eventsPerS * UNITS.redisEventCpuUs.value + requestsPerS * UNITS.redisReadUs.value) / 1e6 / utilisation;
  const shards = Math.max(1, Math.ceil(Math.max(redisDataGb / assumptions.shardGb, redisCores)));
  const redis: Tier = {
    name: 'Redis servers',
    count: shards * (1 + assumptions.redisReplicas),
    cores: 1,
    memoryGb: redisDataGb / shards / utilisation,
    diskGb: 0,
  };

  const tiers = [engine, serving, kafka, redis];
  const monthlyCost = tiers.reduce(
    (sum, { count, cores, memoryGb, diskGb }) =>
      sum +
      count *
        (cores * assumptions.pricePerCoreMonth +
          memoryGb * assumptions.pricePerGbMemoryMonth +
          diskGb * assumptions.pricePerGbDiskMonth),
    0,
  );
  return {
    partitions,
    eventsPerCommit: plan.eventsPerCommit,
    commitsPerS: eventsPerS / plan.eventsPerCommit,
    partitionSkew: plan.skew,
    tiers,
    shards,
    shardSkew:
      shards === 1 ? 1 : shardSkew({ visitors: SIMULATED_VISITORS, exponent: VISITOR_EXPONENT, shards }).read.largest,
    redisDataGb,
    stateGb: stateBytes / GB,
    neighboursPerS,
    neighboursMbPerS: (neighboursPerS * UNITS.neighbourBytes.value) / 1e6,
    neighboursCores: neighboursPerS / UNITS.restoreRecordsPerS.value,
    restoreS: stateBytes / instances / UNITS.restoreBytesPerS.value,
    tablesRestoreS: (2 * items) / UNITS.restoreRecordsPerS.value,
    monthlyCost,
  };
}

interface TaskPlan {
  readonly partitions: number;
  readonly instances: number;
  readonly eventsPerCommit: number;
  readonly skew: number;
}

/** The fewest partitions, a power of two, that give each instance two tasks; more make commits smaller, and so dearer. */
function planTasks(eventsPerS: number, { commitIntervalMs, utilisation }: Assumptions): TaskPlan {
  for (let partitions = 4; ; partitions *= 2) {
    const skew = partitionSkew({ visitors: SIMULATED_VISITORS, exponent: VISITOR_EXPONENT, partitions }).largest;
    const eventsPerCommit = Math.max(1, (eventsPerS / partitions) * (commitIntervalMs / 1_000));
    const cpuUs = UNITS.eventCpuUs.value + UNITS.commitCpuUs.value / eventsPerCommit;
    // One may be gone.
    const instances = Math.max(2, Math.ceil((eventsPerS * cpuUs * skew) / 1e6 / utilisation) + 1);
    if (partitions >= TASKS_PER_INSTANCE * instances || partitions === MAX_PARTITIONS)
      return { partitions, instances, eventsPerCommit, skew };
  }
}
