import type { LogRecord, TopicPartition } from './record.ts';

/** Where a task hands the shop's records once it has committed them, to be kept for longer than the log does. */
export interface TaskHistory {
  /** False while too much waits to be stored: the task should take no more records. */
  readonly hasRoom: boolean;
  /**
   * Takes up the partitions at the task's positions and fetches by itself what an earlier owner has left out. To be called once, before
   * `committed`; the task may run meanwhile. Resolves when history has reached the task, or is closed.
   */
  start(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  /** Records in offset order of each partition, from the positions on. */
  committed(records: readonly LogRecord[]): void;
  /** Stores what waits. Resolves to `false` when it was closed first. */
  flush(): Promise<boolean>;
  /** Drops what is not stored: the log still has it, and the next owner will find it there. */
  close(): void;
}
