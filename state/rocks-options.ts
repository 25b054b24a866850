// How RocksDB is set, and why. One record for every column family: they differ in size, not in how they are used (point reads by
// the batch, whole values written once per commit).
import type { RocksColumnOptions } from './rocks-binding.ts';

/** What a column family is opened with. */
const COLUMN_OPTIONS = Object.freeze({
  // Each column family has a block cache of its own. Decoded values are cached above it, so it serves the misses of
  // a batch. Half: more misses read from the operating system's page cache; double: 16 MB more per column family in use.
  cacheSize: 16 * 1024 * 1024,
  // RocksDB's default: a value is 0.1 to 2 kB, so a miss reads a few of its neighbours.
  blockSize: 4096,
  compaction: 'level' as const,
  // Memtables of 4 MB, two merged per flush. The write-ahead log may grow to four times what all memtables may hold (1.5 GB here;
  // the binding does not let it be set), and is read back after a crash, at about 0.8 GB/s. Double: twice as much of it on disk;
  // half: more and smaller files to merge, which took half a core more at 1,000 events/s.
  memtableMemoryBudget: 16 * 1024 * 1024,
  // Levels are zstd from the third on whatever this says: the young ones are rewritten soon. What it adds is a dictionary, trained for
  // each file: 2 % less on disk (49.0 MB of rows, clicks and catalog entries, not 50.0), for a third more CPU of all the work on them.
  compression: false,
  // A Bloom filter of 10 bits per key (1 % false positives) is the binding's default: new visitors and items are looked up once
  // before they are written.
});

/** Least memory of a column family's cache or memtables, bytes: below it RocksDB makes very many small files. */
const LEAST_BYTES = 2 * 1024 * 1024;

/** What a column family is opened with when the database has a share of the memory, above 0 and at most 1. */
export const columnOptions = (share: number): RocksColumnOptions => ({
  ...COLUMN_OPTIONS,
  cacheSize: Math.max(LEAST_BYTES, Math.floor(COLUMN_OPTIONS.cacheSize! * share)),
  memtableMemoryBudget: Math.max(LEAST_BYTES, Math.floor(COLUMN_OPTIONS.memtableMemoryBudget! * share)),
});

/** What the database is opened with. */
export const DATABASE_OPTIONS = Object.freeze({
  ...COLUMN_OPTIONS,
  // The log is written once and deleted soon: compressing it costs every commit, and saves nothing that lasts.
  walCompression: false,
  // Threads for flushes and compactions. The engine itself runs on one core of the smallest machine, which has two.
  parallelism: 1,
});

/** Entries per step of a scan: a call into the binding costs as much as reading a few entries. */
export const SCAN_STEP_ENTRIES = 256;
/** Bytes per step of a scan: bounds what a reader that stops early has read in vain. */
export const SCAN_STEP_BYTES = 1024 * 1024;
