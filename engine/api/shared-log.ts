// The log that several instances share: a group of them divides the tasks among its members, each task is written by one
// owner at a time, and what a task has in its stores can be read back from its changelog.

import type { LogReader, TopicSpec } from './event-log.ts';
import type { PackedRecord } from './packed-record.ts';
import type { ProducerRecord, TopicPartition } from './record.ts';

/** A changed key of a task's state. Compaction keeps the newest record of each key. */
export interface ChangelogRecord {
  readonly key: Uint8Array;
  /** `null` deletes the key. */
  readonly value: Uint8Array | null;
}

/** Part of a task's changelog. */
export interface ChangelogPart {
  readonly records: readonly PackedRecord[];
  /** Offset to go on from; see `Fetched.next`. */
  readonly next: number;
}

/** First offset that is kept, and the offset after the last record of the last transaction that has ended. */
export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

/** The right to write a task's changelog and outputs. One commit at a time. */
export interface TaskWriter {
  /**
   * Appends everything in one transaction, visible as a whole or not at all, and resolves when it is committed, with the offset
   * after the last changelog record. After a rejection the writer is of no use: close it, claim the task anew and read the
   * changelog to see whether the commit went through (KIP-98).
   * @throws {EngineError} `TASK_FENCED` when another owner has claimed the task, `COMMIT_REFUSED` when the log will never take these
   * records, `COMMIT_UNCERTAIN` for any other failure.
   */
  commit(changelog: readonly ChangelogRecord[], records: readonly ProducerRecord[]): Promise<number>;
  /**
   * Whether it could not be seen that readers have all of the last commit: they may see neither it nor what others have written behind it
   * until the next, so that a commit of nothing but the position is worth its while.
   */
  readonly isUnsettled: boolean;
  /** Ends its connections. Idempotent; never rejects. */
  close(): Promise<void>;
}

/** The tasks that a member runs, and those whose state it keeps warm. */
export interface GroupAssignment {
  readonly active: readonly number[];
  readonly standby: readonly number[];
}

/** What a member tells of itself when it joins. */
export interface MemberState {
  /** Kept with the state on disk: the same instance after a restart. */
  readonly instanceId: string;
  /** Tasks that it runs now. */
  readonly active: readonly number[];
  /** Changelog offset up to which it has each task's state on its disk. */
  readonly offsets: { readonly [taskId: number]: number };
}

export interface GroupMember extends MemberState {
  /** Given by the group's coordinator for as long as the member lives. */
  readonly memberId: string;
}

/** Divides the tasks among the members, by memberId. A pure function: every member could compute it. */
export type AssignTasks = (members: readonly GroupMember[]) => ReadonlyMap<string, GroupAssignment>;

export interface JoinOptions {
  readonly assign: AssignTasks;
  /** Asked at every join. */
  state(): MemberState;
  /** Hears the assignment of every generation, synchronously. What it does not name is no longer ours. */
  assigned(assignment: GroupAssignment): void;
  /** The membership has ended for good, with the reason. */
  failed(error: Error): void;
}

/** A seat in the group. */
export interface Membership {
  /** Age of the last sign of life that the coordinator has acknowledged, ms. */
  readonly heartbeatAgeMs: number;
  /**
   * Tells the coordinator how far the tasks are: what lag monitors show. Positions that count are kept with the state. Failures
   * are left out: the next call tells more.
   */
  commitOffsets(positions: readonly (TopicPartition & { readonly offset: number })[]): Promise<void>;
  /** Leaves the group, so that others take over at once. Never rejects. */
  leave(): Promise<void>;
}

/** See the head of the file. Topic names are logical. */
export interface SharedLog extends LogReader {
  /**
   * Connects and checks that the topics exist as the engine needs them.
   * @throws {EngineError} `BROKER_UNAVAILABLE`, `TOPIC_MISSING`, `PARTITION_COUNT_MISMATCH`, `TOPIC_SETTINGS_WRONG`
   */
  open(topics: readonly TopicSpec[]): Promise<void>;
  /** A second reader with positions of its own, for what every instance keeps whole: a topic may be read by a task and by a global store. */
  readonly tables: LogReader;
  /** Number of partitions of an open topic. */
  partitions(topic: string): number;
  join(options: JoinOptions): Promise<Membership>;
  /**
   * Takes a task over: from now on no former owner can commit, and what it had begun is ended. Resolves when that is so.
   * @param signal gives it up.
   * @throws {EngineError} `BROKER_UNAVAILABLE`, also when it was given up.
   */
  claim(taskId: number, signal?: AbortSignal): Promise<TaskWriter>;
  /**
   * Asks the brokers for the present range of partitions, in their order.
   * @param signal gives it up.
   * @throws {EngineError} `BROKER_UNAVAILABLE`, also when it was given up.
   */
  ranges(partitions: readonly TopicPartition[], signal?: AbortSignal): Promise<readonly OffsetRange[]>;
  /** As `ranges`, of a task's changelog. */
  changelogRange(taskId: number, signal?: AbortSignal): Promise<OffsetRange>;
  /**
   * What of the changelog has been read ahead from `offset` on, at most `maxRecords`; as `fetch`.
   * @throws {EngineError} `OFFSET_OUT_OF_RANGE` when records at `offset` have been deleted, not compacted.
   */
  fetchChangelog(taskId: number, offset: number, maxRecords: number): ChangelogPart;
  /** How long the changelog and the topics of global stores keep deletions at least, ms: a state older than that cannot follow them. */
  readonly tombstoneRetentionMs: number;
  /** Stops reading ahead of a task's partitions: it is not ours any more. */
  forget(taskId: number): void;
  /** Records of internal topics below these offsets have been processed and may be deleted. Never rejects. */
  release(positions: readonly (TopicPartition & { readonly offset: number })[]): void;
  close(): Promise<void>;
}
