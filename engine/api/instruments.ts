// Instruments as they are declared: what a name measures, in which unit, with which attributes. An exporter says it of each value, and
// the page docs/metrics.md is generated from it. Those of the engine itself are here; what is built on it declares its own.
//
// Names, units and attributes follow the semantic conventions of OpenTelemetry where they have one (messaging, HTTP, databases, Node.js,
// process); ours begin with `freshet.`. Units are UCUM's: `s`, `By`, and in braces what is counted.

export interface Instrument {
  readonly name: string;
  /** A `counter` only grows; a `gauge` is read when it is collected; a `histogram` counts values by `bounds`. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly text: string;
  /** Names of the attributes that a value of it may have. */
  readonly attributes: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, in its unit. */
  readonly bounds: readonly number[];
}

/** Upper bounds for work inside the engine, s: from a batch in memory to a call that a broker holds up. */
export const WORK_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120];
/** Upper bounds for calls to a store or from a caller, s: the conventions' own, with finer ones below 5 ms. */
export const CALL_BOUNDS = [
  0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
/** Upper bounds for freshness, s. 2 is among them: the objective's bound, so that what keeps it can be counted. */
export const FRESHNESS_BOUNDS = [
  0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60, 300, 3600,
];

export function counter(name: string, unit: string, text: string, ...attributes: string[]): Instrument {
  return { name, kind: 'counter', unit, text, attributes, bounds: [] };
}

export function gauge(name: string, unit: string, text: string, ...attributes: string[]): Instrument {
  return { name, kind: 'gauge', unit, text, attributes, bounds: [] };
}

/** Of durations in seconds. */
export function histogram(name: string, bounds: readonly number[], text: string, ...attributes: string[]): Instrument {
  return { name, kind: 'histogram', unit: 's', text, attributes, bounds };
}

const TOPIC = 'messaging.destination.name';
const PARTITION = 'messaging.destination.partition.id';
const TASK = 'freshet.task';
const STORE = 'freshet.store';
const DATABASE = 'freshet.database';
const ERROR = 'error.type';
const OPERATION = 'messaging.operation.name';

/** What the engine measures, whatever it computes. */
export const ENGINE_INSTRUMENTS: readonly Instrument[] = [
  counter(
    'messaging.client.consumed.messages',
    '{message}',
    'Records that commits have consumed; a topic of a global store has no partition.',
    TOPIC,
    PARTITION,
    OPERATION,
  ),
  counter(
    'messaging.client.sent.messages',
    '{message}',
    'Records that commits have sent, the changelog aside.',
    TOPIC,
    OPERATION,
  ),
  histogram(
    'messaging.process.duration',
    WORK_BOUNDS,
    'Processing of a batch that was committed, from its selection to its commit.',
    OPERATION,
  ),
  histogram(
    'messaging.client.operation.duration',
    WORK_BOUNDS,
    'The transaction of a commit: until the log has committed what the batch sends, with its changelog.',
    OPERATION,
    ERROR,
  ),
  histogram('freshet.commit.duration', WORK_BOUNDS, 'A commit: the transaction, and the write to the database.'),
  histogram(
    'freshet.event.latency',
    FRESHNESS_BOUNDS,
    "From the log's taking of an event of the shop to a stage: `read` (its batch is selected), `processed`, `committed`, `published` (lists made from its batch can be read; embedded and in a backlog, most of them).",
    'freshet.stage',
  ),
  gauge(
    'freshet.stream.lag',
    '{message}',
    'Records that have not been processed, of tasks that run here. Where one stands still the end of the log on Kafka is that of the collection before.',
    TOPIC,
    PARTITION,
  ),
  gauge(
    'freshet.stream.lag.time',
    's',
    'How long the oldest record that has not been processed has been in the log, or been known to wait where it has not been read yet; 0 without one. Of tasks that run here.',
    TOPIC,
    PARTITION,
  ),
  gauge('freshet.table.lag', '{message}', 'Records of global stores that have not been applied.'),
  gauge('freshet.tasks', '{task}', 'Tasks of this instance, by what they do.', 'freshet.task.status'),
  counter('freshet.task.failures', '{failure}', 'Failures of tasks, each of which is tried again.', TASK),
  counter('freshet.task.reclaims', '{claim}', 'Tasks that were claimed anew after an error.', ERROR),
  gauge('freshet.restore.remaining', '{record}', 'Changelog records that a task has to read before it runs.', TASK),
  counter('freshet.restore.records', '{record}', 'Changelog records that restores and standbys have applied.'),
  histogram('freshet.restore.duration', WORK_BOUNDS, 'Restores of tasks that had anything to read.'),
  counter('freshet.dead_letters', '{record}', 'Records that were refused, by code.', TOPIC, ERROR),
  counter('freshet.lists.published', '{entry}', 'Lists, cards, blocks and other entries that were published.'),
  gauge('freshet.lists.waiting', '{entry}', 'Entries that wait to be published.', TASK),
  gauge(
    'freshet.lists.waiting.limit',
    '{entry}',
    'Entries of a task that may wait before it pauses: `FRESHET_MAX_WAITING_LISTS`.',
  ),
  histogram('freshet.publication.duration', WORK_BOUNDS, 'A call that publishes entries.', ERROR),
  counter('freshet.group.assignments', '{assignment}', 'Assignments of tasks that this instance was given.'),
  gauge('freshet.group.heartbeat.age', 's', "Age of the last sign of life that the group's coordinator has confirmed."),
  counter('freshet.store.cache.hits', '{lookup}', 'Reads of a store that memory has answered.', STORE),
  counter('freshet.store.cache.misses', '{lookup}', 'Reads of a store that went to the database.', STORE),
  gauge('freshet.store.cache.size', 'By', 'Memory of the decoded values of a store.', STORE, TASK),
  gauge(
    'freshet.rocksdb.files',
    '{file}',
    'Files of a database: `sst` (tables), `log` (write-ahead).',
    DATABASE,
    'freshet.rocksdb.file.type',
  ),
  gauge('freshet.rocksdb.files.size', 'By', 'Bytes of those files.', DATABASE, 'freshet.rocksdb.file.type'),
  gauge('freshet.rocksdb.compactions', '{compaction}', 'Compactions that run.', DATABASE),
  gauge('freshet.rocksdb.flushes', '{flush}', 'Flushes of memtables that run.', DATABASE),
  gauge(
    'freshet.rocksdb.writes.stopped',
    '',
    '1 while RocksDB takes no writes: compaction has fallen behind.',
    DATABASE,
  ),
  gauge('freshet.rocksdb.writes.limit', 'By/s', 'To how much RocksDB slows writes down; 0: not at all.', DATABASE),
  gauge('freshet.rocksdb.errors', '{error}', 'Errors of flushes and compactions.', DATABASE),
  counter('freshet.history.records', '{record}', 'Source records in history files that were stored.', TOPIC),
  counter('freshet.history.files', '{file}', 'History files that were stored.'),
  counter('freshet.history.written', 'By', 'Bytes of history files that were stored.'),
  counter('freshet.history.failures', '{failure}', 'Attempts to store a history file that failed.'),
  counter('freshet.history.missing', '{record}', 'Records that the log dropped before they were in history.', TOPIC),
  gauge('freshet.history.waiting', 'By', 'Bytes that wait to be stored as history.', TASK),
];
