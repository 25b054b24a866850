// The newest records of a partition, as they were appended: what an engine that keeps up reads need not come from the database.

import type { LogRecord } from '../api/index.ts';

/** Of keys and values that wait to be read. */
const MAX_BYTES = 4 * 1024 * 1024;

export class LogTail {
  /** Offsets without gaps; those before `#head` are gone. */
  #records: LogRecord[] = [];
  #head = 0;
  #bytes = 0;

  push(record: LogRecord): void {
    this.#records.push(record);
    this.#bytes += bytesOf(record);
    while (this.#bytes > MAX_BYTES) this.#drop();
  }

  /** From `offset` on, at most so many; `undefined` where they begin later, and nothing may be missing. */
  read(offset: number, maxRecords: number): LogRecord[] | undefined {
    const first = this.#records[this.#head];
    if (first === undefined || offset < first.offset) return undefined;
    const from = this.#head + offset - first.offset;
    return this.#records.slice(from, from + maxRecords);
  }

  dropBelow(offset: number): void {
    while (this.#head < this.#records.length && this.#records[this.#head]!.offset < offset) this.#drop();
  }

  #drop(): void {
    this.#bytes -= bytesOf(this.#records[this.#head]!);
    this.#head += 1;
    // Moved up when as many are gone as are left, so that each is moved once.
    if (2 * this.#head < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }
}

const bytesOf = ({ key, value }: LogRecord) => (key?.length ?? 0) + (value?.length ?? 0);
