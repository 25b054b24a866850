// `freshet replay`: a file through the embedded engine. Every clock of the engine is event time, so the outcome depends on the file
// alone, however often it is interrupted.

import { RefusedRecordError, systemClock } from '../../engine/api/index.ts';
import type { CommitStep } from '../../engine/runtime/index.ts';
import { MetricRegistry } from '../../engine/telemetry/index.ts';
import { fromJson, type SourceTopic, sourceTopics } from '../../schemas/index.ts';
import {
  createProgressView,
  decodeProgress,
  openEventsFile,
  openHistory,
  openOnlineRetail,
  type ReplayProgress,
  type ReplayReader,
  type ReplayTarget,
  replay,
  replayProgressTopic,
  replaySummary,
} from '../../tools/replay/index.ts';
import type { Config } from '../config.ts';
import { type Embedded, openEmbedded } from '../embedded.ts';
import { s3Options } from '../history.ts';
import { createLogger } from '../logging.ts';

/** What a reader may need to know of the engine, asked when it reads. */
interface ReaderPlace {
  readonly config: Config;
  readonly partitionsOf: (topic: string) => number | undefined;
}

const READERS: { readonly [kind: string]: (path: string, place: ReaderPlace) => Promise<ReplayReader> } = {
  'online-retail': openOnlineRetail,
  events: openEventsFile,
  history: (location, { config, partitionsOf }) => openHistory(location, { s3: s3Options(config), partitionsOf }),
};

/** Kinds of files that can be replayed. */
export const REPLAY_KINDS = Object.keys(READERS);

export interface ReplayFileOptions {
  /** One of `REPLAY_KINDS`. */
  readonly kind: string;
  readonly file: string;
  /** So many times real time; `undefined` as fast as it goes. */
  readonly speed: number | undefined;
  /** Called after each step of each commit; a fault test ends the process here. */
  readonly onCommitStep?: (step: CommitStep) => void;
}

/** Replays a file into the data folder. Returns whether all of it is in. */
export async function replayFile(config: Config, options: ReplayFileOptions, signal: AbortSignal): Promise<boolean> {
  const reader = await READERS[options.kind]!(options.file, {
    config,
    partitionsOf: (topic) => embedded.log.partitions(topic),
  });
  const logger = createLogger(config.logLevel, 'freshet-replay');
  const metrics = new MetricRegistry(systemClock);
  const embedded = await openEmbedded({
    config,
    dataDir: config.dataDir,
    mode: 'replay',
    clock: systemClock,
    logger,
    metrics,
    ...(options.onCommitStep === undefined ? {} : { onCommitStep: options.onCommitStep }),
  });
  const output = process.stderr;
  const view = createProgressView({
    write: (text) => void output.write(text),
    isTty: output.isTTY === true,
    clock: systemClock,
  });
  try {
    await embedded.log.open([replayProgressTopic]);
    // Nobody else reads it: all but the newest record of a file may go.
    const place = { topic: replayProgressTopic.name, partition: 0 };
    embedded.log.release([{ ...place, offset: embedded.log.offsets(place).end }]);
    const result = await replay({
      reader,
      target: replayTarget(embedded),
      speed: options.speed,
      onProgress: (report) => view.update(report),
      signal,
    });
    view.end();
    process.stdout.write(`${replaySummary(result, reader)}\n${engineSummary(metrics)}${whereToLook(config)}`);
    return result.outcome !== 'interrupted';
  } finally {
    view.end();
    await embedded.close();
  }
}

/** Counters of the engine that say something of the input, in words. */
const COUNTED: { readonly [name: string]: (detail: string) => string } = {
  'freshet.dead_letters': (code) => `refused by the engine: ${code}`,
  'freshet.users.noted': (what) => `counted by the engine: ${what}`,
  'freshet.items.retractions.dropped': () => 'pairs taken back that had left their bounded row',
  'freshet.popularity.deltas.dropped': () => 'sales taken back that had left their bounded segment',
  'freshet.lists.published': () => 'lists, cards and blocks published',
};

/** What the engine itself refused or counted in this run. */
function engineSummary(metrics: MetricRegistry): string {
  const rows = metrics.sums().flatMap(({ name, attributes, value }) => {
    const words = COUNTED[name];
    return words === undefined || value === 0
      ? []
      : [[words(String(attributes['error.type'] ?? attributes['freshet.note'] ?? '')), value] as const];
  });
  return rows.map(([label, value]) => `  ${value.toLocaleString('en')} ${label}\n`).join('');
}

function whereToLook({ dataDir }: Config): string {
  return [
    '\nThe state is in ',
    dataDir,
    '. To look at it:\n',
    '  npx freshet serve                               then, for instance,\n',
    '  curl http://127.0.0.1:8080/v1/popular\n',
    '  curl http://127.0.0.1:8080/v1/items/ITEM/similar\n',
  ].join('');
}

function isSourceTopic(topic: string): topic is SourceTopic {
  return (sourceTopics as readonly string[]).includes(topic);
}

function replayTarget({ engine, log, serdes }: Embedded): ReplayTarget {
  return {
    encode(topic, value) {
      if (!isSourceTopic(topic)) throw new RefusedRecordError('unknown-topic', `there is no source topic "${topic}"`);
      return serialize(topic, value);
    },
    append: async (records) => {
      await log.append(records);
    },
    drain: async () => {
      await engine.runUntilIdle();
    },
    newestEventMs: () => engine.newestEventMs,
    finish: (endMs) => engine.finish(endMs),
    progressOf: async (source) => newestProgress(log, source),
  };
  function serialize<T extends SourceTopic>(topic: T, value: unknown): Uint8Array {
    return serdes[topic].serialize(fromJson(topic, value));
  }
}

function newestProgress(log: Embedded['log'], source: string): ReplayProgress | undefined {
  const place = { topic: replayProgressTopic.name, partition: 0 };
  const [answer] = log.fetch([{ ...place, offset: 0, maxRecords: Number.MAX_SAFE_INTEGER }]);
  const newest = answer!.records.findLast(({ key }) => key === source);
  return newest?.value ? decodeProgress(newest.value) : undefined;
}
