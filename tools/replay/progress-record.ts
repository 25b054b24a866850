// How far a replay has come, as a record of the log. It is appended together with the chunk that it counts, so it can neither be
// ahead of the events nor behind them, whenever the process is killed.
import type { ProducerRecord, TopicSpec } from '../../engine/api/index.ts';
import type { ReplayReader } from './reader.ts';

/** Where progress is kept: one key for each file, the newest record counts. */
export const replayProgressTopic: TopicSpec = {
  name: 'replay-progress',
  partitions: 1,
  compacted: true,
  internal: false,
};

/** Numbers by topic, refusal code and note code. */
export interface ReplayCounts {
  readonly events: { [topic: string]: number };
  readonly refused: { [code: string]: number };
  readonly notes: { [code: string]: number };
}

/** How far the replay of a file has come. */
export interface ReplayProgress {
  /** Steps of the reader that are in the log. */
  readonly steps: number;
  /** Chunks that are in the log. */
  readonly chunks: number;
  /** Everything is in the log, processed and finished. */
  readonly isDone: boolean;
  /** Event time of the last event, epoch ms; `undefined` before the first. */
  readonly lastEventMs: number | undefined;
  /** Where the input ends in event time; `undefined` before all of it has been processed. */
  readonly endMs: number | undefined;
  readonly counts: ReplayCounts;
  /** Of input that grows: the part that `steps` counts in; see `ReplayReader.fix`. */
  readonly part?: string | undefined;
}

/** The progress of a file that was never replayed. */
export function noProgress(): ReplayProgress {
  return {
    steps: 0,
    chunks: 0,
    isDone: false,
    lastEventMs: undefined,
    endMs: undefined,
    counts: { events: {}, refused: {}, notes: {} },
  };
}

/**
 * The key of a file: its kind, the reader's version and its contents. Neither its name nor the speed is part of it, so a file that was
 * renamed, or is continued at another speed, is not counted twice. Input that grows goes by its place instead.
 */
export async function sourceKeyOf(reader: ReplayReader): Promise<string> {
  const size = reader.fix === undefined ? reader.totalBytes : 'growing';
  return `${reader.name}:v${reader.version}:${size}:${await reader.fingerprint()}`;
}

/** The record to append. */
export function progressRecord(source: string, progress: ReplayProgress): ProducerRecord {
  return {
    topic: replayProgressTopic.name,
    partition: 0,
    key: source,
    value: new TextEncoder().encode(JSON.stringify(progress)),
    timestampMs: progress.lastEventMs ?? 0,
  };
}

/**
 * Reads the value of a progress record back.
 * @throws {TypeError} when the bytes are not such a value.
 */
export function decodeProgress(value: Uint8Array): ReplayProgress {
  const progress = JSON.parse(new TextDecoder().decode(value)) as Partial<ReplayProgress>;
  const { steps, chunks, isDone, lastEventMs, endMs, counts, part } = progress;
  if (!Number.isSafeInteger(steps) || !Number.isSafeInteger(chunks) || typeof isDone !== 'boolean' || !counts) {
    throw new TypeError('not a progress record of a replay');
  }
  return {
    steps: steps!,
    chunks: chunks!,
    isDone,
    lastEventMs,
    endMs,
    counts,
    ...(part === undefined ? {} : { part }),
  };
}
