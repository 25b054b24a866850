// What the measuring script says in the environment, in the words of its README, and a few settings of ours.

export interface Settings {
  readonly brokers: readonly string[];
  readonly redisUrl: string;
  /** Consumer group, and prefix of the inner topics. */
  readonly applicationId: string;
  /** Of `clicks` and `item-neighbours`. */
  readonly topicPrefix: string;
  readonly stateDirectory: string;
  readonly partitions: number;
  readonly threads: number;
  readonly commitIntervalMs: number;
  /** Rows are changed and published at most so often. */
  readonly itemsIntervalMs: number;
  /** What every instance keeps of them is published at most so often. */
  readonly neighboursIntervalMs: number;
  /** Most records that a task takes in a commit while it keeps up, and an eighth of the most in a backlog. */
  readonly recordsPerBatch: number;
  /** For decoded histories, rows and neighbours, bytes. */
  readonly cacheMaxBytes: number;
  readonly compression: 'none' | 'gzip' | 'zstd';
  /** Where to write what the log and Redis were handed, for the floor; `undefined` writes nothing. */
  readonly tape: string | undefined;
}

/** @throws {RangeError} for a guarantee that the engine does not give, or a setting that is no number. */
export function settingsOf(environment: NodeJS.ProcessEnv): Settings {
  const guarantee = environment.PROCESSING_GUARANTEE ?? 'exactly_once_v2';
  if (guarantee !== 'exactly_once_v2') throw new RangeError(`${guarantee}: this engine counts exactly once`);
  const number = (name: string, otherwise: number) => {
    const value = Number(environment[name] ?? otherwise);
    if (!(value > 0)) throw new RangeError(`${name} must be a number above 0`);
    return value;
  };
  return {
    brokers: (environment.KAFKA_BOOTSTRAP ?? 'localhost:9092').split(','),
    redisUrl: environment.REDIS_URL ?? 'redis://localhost:6379',
    applicationId: environment.APPLICATION_ID ?? 'reference-freshet',
    topicPrefix: environment.TOPIC_PREFIX ?? '',
    stateDirectory: environment.STATE_DIR ?? 'state',
    partitions: number('PARTITIONS', 4),
    threads: number('NUM_STREAM_THREADS', 1),
    commitIntervalMs: number('COMMIT_INTERVAL_MS', 60),
    itemsIntervalMs: number('ITEMS_INTERVAL_MS', 600),
    neighboursIntervalMs: number('NEIGHBOURS_INTERVAL_MS', 1_000),
    recordsPerBatch: number('RECORDS_PER_BATCH', 2_000),
    cacheMaxBytes: number('CACHE_MAX_BYTES', 256 * 1024 * 1024),
    // With zstd a run costs a sixth more CPU and writes half as much.
    compression: environment.COMPRESSION === 'zstd' ? 'zstd' : 'none',
    tape: environment.TAPE,
  };
}
