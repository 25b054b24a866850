// How far a task has come, as it is stored with the task's state: one record per task, written in every commit. Whoever
// reads it knows where to go on in every topic, and what may not have been published yet.

import { EngineError } from '../api/index.ts';

/** Column family of the positions. */
export const POSITION_COLUMN_FAMILY = 'positions';

/** Keys by versioned-sink node. */
export type ChangedKeys = { readonly [node: string]: readonly string[] };

/** Key of a task's position in that column family. */
export const positionKeyOf = (taskId: number): Uint8Array => Buffer.from(`task:${taskId}`);

export interface TaskPosition {
  /** Number of the last commit, which only grows; 0 before the first. */
  readonly commitNumber: number;
  /** Made by the first commit on a shared log: state of two lineages never mixes. Empty on an embedded one. */
  readonly lineage: string;
  /** Next offset to consume, by topic. */
  readonly offsets: { readonly [topic: string]: number };
  /** Epoch ms; `undefined` before the first record. */
  readonly streamTimeMs: number | undefined;
  /** Next time of each timer, epoch ms. */
  readonly timers: { readonly [id: string]: number };
  /** Keys whose publication is not known to have been finished: to be published again when a task starts. */
  readonly changed: ChangedKeys;
  /** By versioned-sink node, the sink's generation in which everything has been published. */
  readonly generations: { readonly [node: string]: string };
}

const VERSION = 1;

export const EMPTY_POSITION: TaskPosition = {
  commitNumber: 0,
  lineage: '',
  offsets: {},
  streamTimeMs: undefined,
  timers: {},
  changed: {},
  generations: {},
};

/** JSON, since it is written once a commit and read by people who look for a fault. */
export function encodePosition(position: TaskPosition): Uint8Array {
  return Buffer.from(JSON.stringify({ version: VERSION, ...position }));
}

/** How a position begins: the rest of it, keys above all, may be a hundred times as long. */
const BEGINNING = /^\{"version":1,"commitNumber":\d+,"lineage":"([\w-]*)"/;
const BEGINNING_BYTES = 128;

/** Lineage of a position. @throws as `decodePosition` */
export function lineageOf(bytes: Uint8Array): string {
  const beginning = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, BEGINNING_BYTES)).toString(
    'latin1',
  );
  return BEGINNING.exec(beginning)?.[1] ?? decodePosition(bytes).lineage;
}

/** @throws {EngineError} `STATE_FORMAT_UNKNOWN` for a position of another format. */
export function decodePosition(bytes: Uint8Array): TaskPosition {
  const { version, ...position } = JSON.parse(Buffer.from(bytes).toString()) as TaskPosition & { version: number };
  if (version !== VERSION)
    throw new EngineError(
      'STATE_FORMAT_UNKNOWN',
      `a position of format ${version} is stored, this version reads ${VERSION}`,
    );
  return { ...EMPTY_POSITION, ...position };
}
