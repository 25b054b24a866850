// The history of one partition as its owner writes it: where it goes on, and the file that is growing.
//
//   FOLLOWING ──► LIVE      FOLLOWING: records before the task's position are missing and are read from the log; what the task
//                           commits meanwhile only moves the target, since the same reading reaches it.
//
// Invariant: a file covers the offsets from the end of the file before it, holes of the log included, so that the names of
// stored files leave no offset out that was there.

import type { LogRecord, TopicPartition } from '../api/index.ts';
import { FileBuilder } from './file-builder.ts';

export class PartitionHistory {
  readonly place: TopicPartition;
  /** First offset that is neither stored nor in memory. */
  next = 0;
  /** Offset after the last that a file covers which has been handed over: where the next file begins. */
  covered = 0;
  /** While it is FOLLOWING: reading has to reach this offset. `undefined` when it is LIVE. */
  target: number | undefined;
  file: FileBuilder | undefined;
  /** When the file was begun, epoch ms. */
  fileSinceMs = 0;
  /** Resolves when the files that were handed over so far are stored; false once one was given up. */
  stored: Promise<boolean> = Promise.resolve(true);

  constructor(place: TopicPartition, target: number) {
    this.place = place;
    this.target = target;
  }

  /** Where the history goes on; before anything is added. */
  begin(offset: number): void {
    this.next = offset;
    this.covered = offset;
  }

  /** Takes committed records, in offset order. Returns how many were added. */
  committed(records: readonly LogRecord[], start: number, end: number, nowMs: number): number {
    if (this.target === undefined) return this.add(records, start, end, nowMs);
    this.target = Math.max(this.target, records[end - 1]!.offset + 1);
    return 0;
  }

  /** Adds `records[start]` to `records[end - 1]`, those left out that are there already. Returns how many were added. */
  add(records: readonly LogRecord[], start: number, end: number, nowMs: number): number {
    let added = 0;
    for (let i = start; i < end; i++) {
      const record = records[i]!;
      if (record.offset < this.next) continue;
      if (this.file === undefined) {
        this.file = new FileBuilder(this.place, this.covered);
        this.fileSinceMs = nowMs;
      }
      this.file.add(record);
      this.next = record.offset + 1;
      added += 1;
    }
    return added;
  }

  /** Hands the growing file over; the next record begins another. */
  takeFile(): FileBuilder | undefined {
    const file = this.file;
    if (file === undefined) return undefined;
    this.file = undefined;
    this.covered = file.last + 1;
    return file;
  }
}
