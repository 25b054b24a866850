// The port of a replay: a file read as a sequence of steps. Invariant: the same bytes give the same steps in the same order,
// whatever the chunks they arrive in, so that "the first K steps are in the log" says all that a restart must know. A reader keeps no
// state on disk; it is rebuilt by reading the file from its start.

import type { LogRecord } from '../../engine/api/index.ts';

/** One deterministic item of a file. */
export type ReplayStep =
  | {
      readonly kind: 'event';
      readonly topic: string;
      /** `undefined` only for a record of a log that had none. */
      readonly key: string | undefined;
      /** A plain record of the topic's contract; `null` is a tombstone. */
      readonly value: unknown;
      /** Event time, epoch ms. */
      readonly at: number;
      /** Line of the file that it ends on, from 1. */
      readonly line: number;
      /** Where it goes; left out, it is murmur2 of the key. */
      readonly partition?: number | undefined;
      /** The record that it was, when the file is a copy of a log. */
      readonly record?: LogRecord;
    }
  | {
      readonly kind: 'refused';
      /** Stable, kebab-case. */
      readonly code: string;
      readonly text: string;
      /** What was refused, as it stands in the file. */
      readonly raw: string | Uint8Array;
      readonly line: number;
      readonly record?: LogRecord;
    }
  /** Something that is only counted. */
  | { readonly kind: 'note'; readonly code: string };

/** A line of the summary that only the reader can give. */
export interface ReaderCount {
  readonly label: string;
  readonly count: number;
}

/** A file of one kind. */
export interface ReplayReader {
  /** Kind of file, kebab-case; part of the file's name in the log. */
  readonly name: string;
  /** Raised whenever the same bytes would give other steps. */
  readonly version: number;
  /** Name of the file, without its folder. */
  readonly fileName: string;
  /** Size on disk. */
  readonly totalBytes: number;
  /** So much of `totalBytes` the present `read` has taken; a little ahead of the steps it has given. */
  readonly bytesRead: number;
  /** Word for what the file is made of, plural: `rows`, `lines`. */
  readonly unit: string;
  /** Units that the present `read` has seen. */
  readonly unitsRead: number;
  /** Names these bytes: the same for equal contents, wherever the file lies. Of input that grows: names the place. */
  fingerprint(): Promise<string>;
  /**
   * Of input that grows, and only of it: fixes which part this replay reads, before `read` and for as long as the replay takes, and
   * returns it as a text that is kept with the progress.
   * @param earlier the part of the last replay: one that was interrupted is fixed again, after one that is done what is new.
   * @throws {ReplayFileError} when the input no longer has the part.
   */
  fix?(earlier: { readonly part: string; readonly isDone: boolean } | undefined): Promise<string>;
  /**
   * The steps from the file's start, in arrays of any length. One `read` at a time.
   * @throws {ReplayFileError} when the file is not of this kind at all or is damaged.
   */
  read(): AsyncIterable<readonly ReplayStep[]>;
  /** What the present `read` has counted so far, in the order to print. */
  counts(): readonly ReaderCount[];
}

/** The file as a whole cannot be replayed. The text says why and is meant for whoever typed the command. */
export class ReplayFileError extends Error {
  override readonly name = 'ReplayFileError';
}
