import type {
  Clock,
  Logger,
  Metrics,
  ProducerRecord,
  ReadOnlyStore,
  SharedLog,
  TaskHistory,
  Tracer,
  VersionedSink,
} from '../api/index.ts';
import type { Topology } from '../graph/topology.ts';
import type { CommitStep } from './commit-step.ts';
import type { News } from './news.ts';
import type { RecordMetrics } from './record-metrics.ts';
import type { Generations } from './sink-repair.ts';
import type { SourceReader } from './source-record.ts';

/** What all tasks of an instance share. */
export interface InstanceEnvironment {
  readonly topology: Topology;
  readonly log: SharedLog;
  readonly partitions: number;
  readonly columnFamilies: readonly string[];
  readonly readers: ReadonlyMap<string, SourceReader>;
  /** The sink of each versioned-sink node. */
  readonly sinks: ReadonlyMap<string, VersionedSink>;
  readonly globalStores: ReadonlyMap<string, ReadOnlyStore<unknown>>;
  readonly clock: Clock;
  readonly recordsPerBatch: number;
  readonly commitIntervalMs: number;
  readonly maxWaitingLists: number;
  readonly maxRecordBytes: number;
  readonly metrics: Metrics;
  readonly recordMetrics: RecordMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer | undefined;
  /** Makes the history of a task that begins to run; absent where none is kept. */
  readonly historyOf: ((taskId: number) => TaskHistory) | undefined;
  /** Present generations of the sinks. */
  readonly generations: Generations;
  /** Wakes whoever waits for records. */
  readonly news: News;
  /** Age of the last sign of life that the group's coordinator has acknowledged, ms. */
  heartbeatAgeMs(): number;
  /** Dead letters of the global stores, while task 0 is here: it sends them in its next commit, and empties the list. */
  readonly deadLetters: ProducerRecord[];
  reached(step: CommitStep, taskId: number): void;
  /** A task's lists are published up to these offsets, by topic. */
  published(taskId: number, offsets: ReadonlyMap<string, number>): void;
}
