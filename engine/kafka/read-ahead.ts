// What has been read of one partition and not been asked for yet: runs of records in offset order, each with the offset that follows
// it. It knows which offsets it can answer from: from the one after the last record handed out, up to its end.

/** The records of one answer of a broker. */
interface Run<R> {
  readonly records: readonly R[];
  /** Offset after the run; above the last record's where no records follow it. */
  readonly next: number;
  readonly bytes: number;
}

export interface Taken<R> {
  readonly records: readonly R[];
  readonly next: number;
}

export class ReadAhead<R extends { readonly offset: number }> {
  #runs: Run<R>[] = [];
  /** Records of the first run that have been handed out. */
  #used = 0;
  /** Lowest offset that can be asked for. */
  #from: number;
  #end: number;
  #recordCount = 0;
  #bytes = 0;

  constructor(offset: number) {
    this.#from = offset;
    this.#end = offset;
  }

  /** Offset after everything that was added: where to read on. */
  get end(): number {
    return this.#end;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** About what the records take. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The record that is handed out next. */
  get first(): R | undefined {
    return this.#runs[0]?.records[this.#used];
  }

  /** Adds what was read from `end` on, perhaps no records; it ends at `next`. The array is ours from now on. */
  add(records: readonly R[], next: number, bytes: number): void {
    this.#end = next;
    if (records.length === 0) {
      // The offsets without records belong to the run before, so that whoever takes its last record goes on after them.
      const last = this.#runs.pop();
      if (last !== undefined) this.#runs.push({ ...last, next });
      return;
    }
    this.#runs.push({ records, next, bytes });
    this.#recordCount += records.length;
    this.#bytes += bytes;
  }

  /** Whether `offset` can be asked for. */
  holds(offset: number): boolean {
    return offset >= this.#from && offset <= this.#end;
  }

  /** Whether there is a record at `offset` or after it. */
  hasFrom(offset: number): boolean {
    const last = this.#runs.at(-1);
    return last !== undefined && last.records.at(-1)!.offset >= offset;
  }

  /** Hands out the records from `offset` on, at most `maxRecords`. `undefined` when `offset` is not within. */
  take(offset: number, maxRecords: number): Taken<R> | undefined {
    if (!this.holds(offset)) return undefined;
    this.#dropBelow(offset);
    const run = this.#runs[0];
    if (run === undefined) return { records: [], next: Math.max(offset, this.#end) };
    // Most often: one run, all of it or a part.
    const left = run.records.length - this.#used;
    if (left >= maxRecords || this.#runs.length === 1) return this.#takeFromFirst(Math.min(left, maxRecords));
    const records: R[] = [];
    let next = offset;
    while (records.length < maxRecords && this.#runs.length > 0) {
      const rest = this.#runs[0]!.records.length - this.#used;
      const taken = this.#takeFromFirst(Math.min(rest, maxRecords - records.length));
      for (const record of taken.records) records.push(record);
      next = taken.next;
    }
    return { records, next };
  }

  #takeFromFirst(count: number): Taken<R> {
    const run = this.#runs[0]!;
    const whole = count === run.records.length;
    const records = whole ? run.records : run.records.slice(this.#used, this.#used + count);
    if (count > 0) this.#from = records[count - 1]!.offset + 1;
    this.#drop(run, count);
    return { records, next: this.#runs[0] === run ? this.#from : run.next };
  }

  #drop(run: Run<R>, count: number): void {
    this.#used += count;
    this.#recordCount -= count;
    this.#bytes -= (run.bytes * count) / run.records.length;
    if (this.#used < run.records.length) return;
    this.#runs.shift();
    this.#used = 0;
    if (this.#runs.length === 0) this.#bytes = 0;
  }

  /** Forgets records that the reader has passed. */
  #dropBelow(offset: number): void {
    if (offset <= this.#from) return;
    for (let run = this.#runs[0]; run !== undefined; run = this.#runs[0]) {
      let count = 0;
      while (this.#used + count < run.records.length && run.records[this.#used + count]!.offset < offset) count += 1;
      if (count > 0) this.#drop(run, count);
      if (this.#runs[0] === run) break;
    }
    this.#from = offset;
  }
}
