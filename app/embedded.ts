// Puts the embedded engine together: one database for log, state and lists in one folder. The same topology runs in production over
// other adapters of the same ports.

import { join } from 'node:path';
import type { Clock, Logger, Metrics, Tracer } from '../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../engine/embedded/index.ts';
import type { Topology } from '../engine/graph/index.ts';
import { type CommitStep, columnFamiliesOf, StreamEngine } from '../engine/runtime/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY, type ListStore } from '../lists/index.ts';
import { createFileSchemaSource, createSerdes, type SourceSerdes } from '../schemas/index.ts';
import { openRocksDatabase } from '../state/index.ts';
import { buildRecommendationTopology, LISTS_SINK } from '../topology/index.ts';
import type { Config } from './config.ts';
import { loggerOf } from './logging.ts';
import { loadReranker } from './reranker.ts';

export interface EmbeddedOptions {
  readonly config: Config;
  /** Folder of the database; made when it is missing. */
  readonly dataDir: string;
  readonly mode: 'live' | 'replay';
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer?: Tracer;
  readonly onCommitStep?: (step: CommitStep) => void;
}

/** An open engine with what belongs to it. */
export interface Embedded {
  readonly engine: StreamEngine;
  readonly log: EmbeddedLog;
  readonly lists: ListStore;
  readonly serdes: SourceSerdes;
  readonly topology: Topology;
  /** Bytes and keys by column family. */
  sizes(): readonly { readonly columnFamily: string; readonly bytes: number; readonly keys: number }[];
  /** Ends engine, lists and database in this order. */
  close(): Promise<void>;
}

/** Where the database lies in a data folder. */
export const databasePath = (dataDir: string) => join(dataDir, 'db');

/**
 * Opens the folder and takes up the state where it stands.
 * @throws {EngineError} `DATABASE_LOCKED` when another process uses the folder.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { config, clock, logger, metrics } = options;
  const serdes = createSerdes(createFileSchemaSource());
  const topology = buildRecommendationTopology({
    serdes,
    cacheMaxBytes: config.cacheMaxMb * 1_048_576,
    partitions: config.partitions,
    metrics,
    // A replay is a function of the log alone.
    lists: {
      listLength: config.listLength,
      refreshListsPerSecond: options.mode === 'live' ? config.refreshListsPerSecond : 0,
      nearestContent: options.mode === 'live' ? 'graph' : 'compared',
      signals: config.signals,
      reranker: await loadReranker(config.reranker),
    },
  });
  const database = await openRocksDatabase(databasePath(options.dataDir), {
    columnFamilies: [...columnFamiliesOf(topology), LOG_COLUMN_FAMILY, LISTS_COLUMN_FAMILY],
    measured: { metrics, name: 'embedded' },
  });
  const lists = createEmbeddedListStore({ database, clock, logger });
  const log = new EmbeddedLog({ database, clock, retentionMs: config.retentionHours * 3_600_000 });
  const engine = new StreamEngine({
    topology,
    log,
    database,
    sinks: { [LISTS_SINK]: lists },
    partitions: config.partitions,
    clock,
    mode: options.mode,
    recordsPerBatch: config.recordsPerBatch,
    metrics,
    logger: loggerOf(logger, 'engine'),
    ...(options.tracer === undefined ? {} : { tracer: options.tracer }),
    ...(options.onCommitStep === undefined ? {} : { onCommitStep: options.onCommitStep }),
  });
  const close = async () => {
    engine.close();
    await lists.close();
    await database.close();
  };
  try {
    await engine.open();
  } catch (error) {
    await close();
    throw error;
  }
  return { engine, log, lists, serdes, topology, sizes: () => database.sizes(), close };
}
