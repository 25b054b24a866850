// What one of everything takes: the figures that the sizing multiplies, each as it was measured, with the command that measured it. All
// are of one machine (Intel Xeon, 2 cores, 24 GB, Node 24.21, 2026-11-21 and -22) which had other work: CPU figures are too high
// rather than too low. Measure anew on your own machines and change them here.

const STATE = 'node --expose-gc bench/units.ts --events 60000';
const ENGINE = 'npm run bench:production (docs/performance.md, throughput and latency)';
const SERVING = 'npm run bench:serving (docs/performance.md, the endpoint)';
const REDIS = 'docs/adr/0006-redis-lists.md';

/** A measured figure. */
export interface Unit {
  readonly value: number;
  readonly unit: string;
  readonly what: string;
  /** The command, or the page, that it is from. */
  readonly source: string;
}

const unit = (value: number, name: string, what: string, source: string): Unit => ({ value, unit: name, what, source });

export const UNITS = {
  eventCpuUs: unit(296, 'CPU µs', 'engine, an event without its share of a commit (fit of two points)', ENGINE),
  commitCpuUs: unit(
    17_700,
    'CPU µs',
    'engine, a commit with the lists of its batch (fit of the same two points)',
    ENGINE,
  ),
  brokerEventCpuUs: unit(107, 'CPU µs', 'brokers, an event', ENGINE),
  redisEventCpuUs: unit(40, 'CPU µs', 'Redis, what an event publishes', ENGINE),
  instanceBaseBytes: unit(493e6, 'bytes', 'engine, memory of an instance with few items', ENGINE),
  restoreBytesPerS: unit(27.4e6, 'bytes/s', 'engine, changelog read in a restore, all tasks of an instance', ENGINE),
  restoreRecordsPerS: unit(
    37_156,
    'records/s',
    'engine, records of tables and changelogs taken up in a restore',
    ENGINE,
  ),
  answerCpuUs: unit(237, 'CPU µs', 'endpoint, a request', SERVING),
  servingProcessBytes: unit(532e6, 'bytes', 'endpoint, memory of a process', SERVING),
  listOverheadBytes: unit(226, 'bytes', 'Redis, a key beside its value', REDIS),
  redisReadUs: unit(85, 'µs', 'Redis, the six lists of a request, one server', REDIS),
  profileBytes: unit(781, 'bytes', 'state of a visitor', STATE),
  rowBytes: unit(1_418, 'bytes', 'state of an item that is together with many', STATE),
  neighbourBytes: unit(651, 'bytes', 'what every instance keeps of an item: neighbours', STATE),
  catalogBytes: unit(265, 'bytes', 'what every instance keeps of an item: catalog', STATE),
  indexBytes: unit(425, 'bytes', 'memory of an item in the index of every instance', STATE),
  visitorListBytes: unit(2_502, 'bytes', "a visitor's list", STATE),
  sessionListBytes: unit(1_043, 'bytes', "a session's list", STATE),
  visitorOtherBytes: unit(539 + 87, 'bytes', 'recently viewed and block of a visitor', STATE),
  itemListBytes: unit(1_453 + 338, 'bytes', 'similar and bought-together of an item', STATE),
  cardBytes: unit(249, 'bytes', 'card of an item', STATE),
  eventBytes: unit(
    200,
    'bytes',
    'an event in the log: 150 of value and key, 50 for headers and batch, uncompressed',
    STATE,
  ),
} as const;
