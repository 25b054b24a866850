// What RocksDB tells of itself. The binding asks for properties of the whole database and of the column family `default` only, so memory of
// memtables and caches and the bytes that wait for compaction are not among them; files are counted in the directory instead.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Metrics } from '../engine/api/index.ts';

export interface RocksMetricsOptions {
  readonly metrics: Metrics;
  readonly path: string;
  /** Of the database, in metrics. */
  readonly name: string;
  /** A property of RocksDB's; `undefined` when the database is closed. */
  property(name: string): string | undefined;
}

const FILE_TYPES = ['sst', 'log'] as const;
/** Counting files is a look at each: once for all gauges of a collection. */
const FILES_MAX_AGE_MS = 1_000;

const PROPERTIES: readonly (readonly [gauge: string, property: string])[] = [
  ['freshet.rocksdb.compactions', 'rocksdb.num-running-compactions'],
  ['freshet.rocksdb.flushes', 'rocksdb.num-running-flushes'],
  ['freshet.rocksdb.writes.stopped', 'rocksdb.is-write-stopped'],
  ['freshet.rocksdb.writes.limit', 'rocksdb.actual-delayed-write-rate'],
  ['freshet.rocksdb.errors', 'rocksdb.background-errors'],
];

type Files = { readonly [type in (typeof FILE_TYPES)[number]]: { count: number; bytes: number } };

/** Adds the database's gauges. Returns how to end them. */
export function watchRocks({ metrics, path, name, property }: RocksMetricsOptions): () => void {
  const database = { 'freshet.database': name };
  let files: Files = filesIn(path);
  let lookedMs = performance.now();
  const recent = (): Files => {
    if (performance.now() - lookedMs >= FILES_MAX_AGE_MS) {
      files = filesIn(path);
      lookedMs = performance.now();
    }
    return files;
  };
  const ends = PROPERTIES.map(([gauge, rocksName]) =>
    metrics.gauge(gauge, () => Number(property(rocksName) ?? Number.NaN), database),
  );
  for (const type of FILE_TYPES) {
    const attributes = { ...database, 'freshet.rocksdb.file.type': type };
    ends.push(metrics.gauge('freshet.rocksdb.files', () => recent()[type].count, attributes));
    ends.push(metrics.gauge('freshet.rocksdb.files.size', () => recent()[type].bytes, attributes));
  }
  return () => {
    for (const end of ends) end();
  };
}

function filesIn(path: string): Files {
  const files: Files = { sst: { count: 0, bytes: 0 }, log: { count: 0, bytes: 0 } };
  for (const file of readdirSync(path)) {
    const type = FILE_TYPES.find((one) => file.endsWith(`.${one}`));
    if (type === undefined) continue;
    files[type].count += 1;
    // RocksDB may delete it between the two looks.
    files[type].bytes += statSync(join(path, file), { throwIfNoEntry: false })?.size ?? 0;
  }
  return files;
}
