// Feeds a file through the engine so that it can be interrupted anywhere and continued exactly. The steps of the reader are cut into
// chunks; a chunk's events, its refused rows and the progress after it are one append, whole or not at all. The next
// chunk is appended only when the engine has processed this one, so what the engine sees is a function of file and speed alone.
//
// A kill during append: the chunk is not there, the restart cuts the same one. After append: the restart lets the engine process what is
// in the log, skips the steps that are there, goes on. After the last chunk but before the done record: `finish` is called again.
import { type ProducerRecord, RefusedRecordError } from '../../engine/api/index.ts';
import { systemWaitingClock, type WaitingClock } from '../waiting-clock.ts';
import { noProgress, progressRecord, type ReplayCounts, type ReplayProgress, sourceKeyOf } from './progress-record.ts';
import type { ReplayReader, ReplayStep } from './reader.ts';

/** The engine as a replay sees it. */
export interface ReplayTarget {
  /**
   * Bytes of a plain record of a topic.
   * @throws {RefusedRecordError} when the contract does not allow it: the step goes to the dead letters with this code.
   */
  encode(topic: string, value: unknown): Uint8Array;
  /** Appends all records or none. */
  append(records: readonly ProducerRecord[]): Promise<void>;
  /** Resolves when everything that is in the log has been processed and committed. */
  drain(): Promise<void>;
  /** Newest event time that has been processed; `undefined` when no event has. */
  newestEventMs(): number | undefined;
  /** The input has ended at this event time: whatever waits for later events is done now. May be called again after a kill. */
  finish(endMs: number): Promise<void>;
  /** Newest progress record of a source, read from the log. */
  progressOf(source: string): Promise<ReplayProgress | undefined>;
}

/** What a replay reports while it runs, once for each chunk. */
export interface ReplayReport {
  /** `skipping`: reads past what an earlier run has done; `finishing`: all is in the log. */
  readonly phase: 'skipping' | 'running' | 'finishing';
  readonly bytesRead: number;
  readonly totalBytes: number;
  /** Events that this run has had processed. */
  readonly events: number;
}

/** What a replay needs. */
export interface ReplayOptions {
  readonly reader: ReplayReader;
  readonly target: ReplayTarget;
  /** So many times real time; `undefined`: as fast as it goes. Above 0. */
  readonly speed?: number | undefined;
  readonly onProgress: (report: ReplayReport) => void;
  /** Stops after the chunk under way is processed. */
  readonly signal: AbortSignal;
  /** @defaultValue the machine's */
  readonly clock?: WaitingClock;
}

/** How a replay ended. */
export interface ReplayResult {
  /** `already-done`: an earlier run has finished this file, nothing was fed. */
  readonly outcome: 'finished' | 'interrupted' | 'already-done';
  /** Of all runs of this file together. */
  readonly progress: ReplayProgress;
  /** Steps that were in the log when this run began. */
  readonly resumedAtStep: number;
  /** Events that this run has fed. */
  readonly events: number;
  readonly elapsedMs: number;
}

/** Steps of a chunk: with half as many the engine waits twice as often for the next, with twice as many Ctrl-C waits twice as long. */
const CHUNK_STEPS = 2_000;
/** With a speed, chunks are slices of event time that take this much of the clock. */
const SLICE_MS = 100;
/** A refused row is kept up to this length. */
const MAX_RAW_CHARS = 65_536;

/**
 * Replays a file, or what is left of it.
 * @throws {ReplayFileError} when the file is damaged; what was fed before stays, and a repaired file is another file.
 * @throws {RangeError} when `speed` is not above 0.
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { reader, target, speed, onProgress, signal, clock = systemWaitingClock } = options;
  if (speed !== undefined && !(speed > 0 && Number.isFinite(speed))) throw new RangeError('speed must be above 0');
  const startedMs = clock.nowMs();
  const source = await sourceKeyOf(reader);
  await target.drain();
  const { isDone, before } = await begin(reader, await target.progressOf(source));
  const feed = new Feed(source, `file:${reader.fileName}`, target, before);
  const result = (outcome: ReplayResult['outcome']): ReplayResult => ({
    outcome,
    progress: feed.progress,
    resumedAtStep: before.steps,
    events: feed.events,
    elapsedMs: clock.nowMs() - startedMs,
  });
  if (isDone) return result('already-done');
  const report = (phase: ReplayReport['phase']): void => {
    onProgress({ phase, bytesRead: reader.bytesRead, totalBytes: reader.totalBytes, events: feed.events });
  };

  const pace = speed === undefined ? undefined : new Pace(speed, clock);
  let toSkip = before.steps;
  let chunk: ReplayStep[] = [];
  /** False when the run is to stop before this chunk. */
  const send = async (): Promise<boolean> => {
    if (pace !== undefined) await pace.waitFor(chunk, signal);
    if (signal.aborted) return false;
    await feed.send(chunk);
    chunk = [];
    report('running');
    return !signal.aborted;
  };

  for await (const steps of reader.read()) {
    if (signal.aborted) return result('interrupted');
    for (const step of steps) {
      if (toSkip > 0) {
        toSkip -= 1;
        continue;
      }
      const isFull = chunk.length >= CHUNK_STEPS || (pace?.isNewSlice(step) ?? false);
      if (isFull && chunk.length > 0 && !(await send())) return result('interrupted');
      chunk.push(step);
    }
    if (toSkip > 0) report('skipping');
  }
  if (toSkip > 0) throw new Error(`${reader.fileName} has fewer steps than the log says: raise the reader's version`);
  if (chunk.length > 0 && !(await send())) return result('interrupted');
  report('finishing');
  await feed.finish();
  return result('finished');
}

/** Where to begin, after what an earlier run has left; `isDone` when there is nothing left to do. */
async function begin(
  reader: ReplayReader,
  earlier: ReplayProgress | undefined,
): Promise<{ readonly isDone: boolean; readonly before: ReplayProgress }> {
  if (reader.fix === undefined) {
    const before = earlier ?? noProgress();
    return { isDone: before.isDone, before };
  }
  const { part: earlierPart = '', isDone = false } = earlier ?? {};
  const part = await reader.fix(earlier && { part: earlierPart, isDone });
  if (earlier !== undefined && part === earlierPart) return { isDone, before: earlier };
  // The input has grown since a replay that is done: its steps are counted anew, its events go on.
  const { counts, lastEventMs } = earlier ?? noProgress();
  return { isDone: false, before: { ...noProgress(), counts, lastEventMs, part } };
}

/** Appends chunks and counts them. */
class Feed {
  progress: ReplayProgress;
  /** Events fed by this run. */
  events = 0;
  readonly #source: string;
  readonly #origin: string;
  readonly #target: ReplayTarget;

  constructor(source: string, origin: string, target: ReplayTarget, before: ReplayProgress) {
    this.#source = source;
    this.#origin = origin;
    this.#target = target;
    this.progress = before;
  }

  async send(chunk: readonly ReplayStep[]): Promise<void> {
    const { steps, chunks, counts: before } = this.progress;
    const counts = { events: { ...before.events }, refused: { ...before.refused }, notes: { ...before.notes } };
    let { lastEventMs } = this.progress;
    let events = 0;
    const records: ProducerRecord[] = [];
    for (const step of chunk) {
      if (step.kind === 'event') lastEventMs = step.at;
      const record = this.#recordOf(step, lastEventMs ?? 0, counts);
      if (record === undefined) continue;
      records.push(record);
      if (step.kind === 'event' && record.topic === step.topic) events += 1;
    }
    const progress = {
      ...this.progress,
      steps: steps + chunk.length,
      chunks: chunks + 1,
      isDone: false,
      lastEventMs,
      endMs: undefined,
      counts,
    };
    records.push(progressRecord(this.#source, progress));
    await this.#target.append(records);
    this.progress = progress;
    await this.#target.drain();
    this.events += events;
  }

  async finish(): Promise<void> {
    await this.#target.drain();
    const endMs = this.progress.endMs ?? this.#target.newestEventMs();
    if (endMs !== undefined) {
      // Written down first, since finishing moves the newest time on: a finish that is repeated ends at the same.
      if (this.progress.endMs === undefined) await this.#keep({ ...this.progress, endMs });
      await this.#target.finish(endMs);
    }
    await this.#keep({ ...this.progress, isDone: true });
  }

  async #keep(progress: ReplayProgress): Promise<void> {
    await this.#target.append([progressRecord(this.#source, progress)]);
    this.progress = progress;
  }

  /** The record of a step, counted; `undefined` for a note. */
  #recordOf(step: ReplayStep, nowMs: number, counts: ReplayCounts): ProducerRecord | undefined {
    if (step.kind === 'note') {
      count(counts.notes, step.code);
      return undefined;
    }
    if (step.kind === 'refused') {
      count(counts.refused, step.code);
      return this.#deadLetter(step, nowMs);
    }
    const { topic, key, value, at, partition, record } = step;
    try {
      const bytes = value === null ? null : this.#target.encode(topic, value);
      count(counts.events, topic);
      const plain = { topic, key, value: bytes, timestampMs: at };
      return record === undefined ? plain : { ...plain, partition, headers: record.headers };
    } catch (error) {
      if (!(error instanceof RefusedRecordError)) throw error;
      count(counts.refused, error.code);
      const raw = record?.value ?? JSON.stringify({ topic, key, value });
      return this.#deadLetter({ ...step, code: error.code, text: error.message, raw }, nowMs);
    }
  }

  #deadLetter(refused: Refused, nowMs: number): ProducerRecord {
    const { code, text, raw, line, record } = refused;
    return {
      topic: 'dead-letters',
      key: record === undefined ? `${this.#origin}:${line}` : record.key,
      value: typeof raw === 'string' ? new TextEncoder().encode(raw.slice(0, MAX_RAW_CHARS)) : raw,
      timestampMs: nowMs,
      headers: {
        ...record?.headers,
        'dlq.topic': record?.topic ?? this.#origin,
        'dlq.partition': String(record?.partition ?? ''),
        'dlq.offset': String(record?.offset ?? line),
        'dlq.code': code,
        'dlq.text': text,
      },
    };
  }
}

/** What the dead letter of a refused step says. */
type Refused = Pick<Extract<ReplayStep, { kind: 'refused' }>, 'code' | 'text' | 'raw' | 'line' | 'record'>;

function count(counts: { [name: string]: number }, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

/** Cuts event time into slices, the same for every run of a file and speed, and waits until a chunk is due. */
class Pace {
  readonly #speed: number;
  readonly #clock: WaitingClock;
  #slice: number | undefined;
  /** Event time and clock of this run's first event. */
  #origin: { readonly at: number; readonly wallMs: number } | undefined;

  constructor(speed: number, clock: WaitingClock) {
    this.#speed = speed;
    this.#clock = clock;
  }

  /** Whether the step is the first of a later slice than the step before. Steps without a time belong to the slice before. */
  isNewSlice(step: ReplayStep): boolean {
    if (step.kind !== 'event') return false;
    const slice = Math.floor(step.at / (this.#speed * SLICE_MS));
    const before = this.#slice;
    if (before !== undefined && slice <= before) return false;
    this.#slice = slice;
    return before !== undefined;
  }

  /** Resolves when the newest event of the chunk is due by the clock, or on abort. */
  async waitFor(chunk: readonly ReplayStep[], signal: AbortSignal): Promise<void> {
    let newest = -Infinity;
    for (const step of chunk) {
      if (step.kind !== 'event') continue;
      this.#origin ??= { at: step.at, wallMs: this.#clock.nowMs() };
      if (step.at > newest) newest = step.at;
    }
    if (this.#origin === undefined || newest === -Infinity) return;
    const dueMs = this.#origin.wallMs + (newest - this.#origin.at) / this.#speed;
    const waitMs = dueMs - this.#clock.nowMs();
    if (waitMs > 0) await this.#clock.wait(waitMs, signal);
  }
}
