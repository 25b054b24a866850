// Reads the figures of the running engine for the console page: rates from counters, latencies from the registry, refusals from the
// dead-letter topic itself.

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, LogRecord } from '../engine/api/index.ts';
import { DEAD_LETTER_TOPIC, describe } from '../engine/graph/index.ts';
import { DEAD_LETTER_HEADERS } from '../engine/runtime/index.ts';
import { DISTRIBUTION_WINDOW_MS, type MetricRegistry, type MetricValue } from '../engine/telemetry/index.ts';
import type { EngineView, QualityView, RefusedView } from './console/engine-view.ts';
import type { Embedded } from './embedded.ts';

const CONSUMED = 'messaging.client.consumed.messages';
const REFUSED_SHOWN = 20;
/** Counting keys and bytes takes up to 10 ms of the engine's time. */
const SIZES_EVERY_MS = 1_000;

/** Shares and a decayed sum, which are not to be shown among counters. */
const QUALITY_GAUGES: ReadonlySet<string> = new Set([
  'freshet.lists.hit_rate',
  'freshet.lists.reciprocal_rank',
  'freshet.lists.looks',
]);

export interface EngineViewOptions {
  readonly embedded: Embedded;
  readonly metrics: MetricRegistry;
  readonly clock: Clock;
  /** How the process was started, in words. */
  readonly mode: string;
  readonly partitions: number;
  /** Events a second of the simulated shop; `undefined` without one. */
  eventsPerSecond(): number | undefined;
}

/** A function that looks at the engine. Rates are over the time since it was called last. */
export function createEngineView(options: EngineViewOptions): () => EngineView {
  const { embedded, metrics, clock } = options;
  const startedMs = clock.nowMs();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const topology = drawing(embedded);
  const internal = new Set(embedded.topology.nodes.flatMap((node) => (node.kind === 'sink' ? [node.topic] : [])));
  let lastMs = startedMs;
  let lastCpu = process.cpuUsage();
  let lastRecords = new Map<string, number>();
  let sizes = embedded.sizes();
  let sizesMs = startedMs;

  return () => {
    const now = clock.nowMs();
    const seconds = Math.max((now - lastMs) / 1000, 0.001);
    const cpu = process.cpuUsage();
    const cpuPercent = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 10_000 / seconds;
    const counters = metrics.sums();
    const records = new Map<string, number>();
    for (const { name, attributes, value } of counters) {
      if (name !== CONSUMED) continue;
      const topic = String(attributes['messaging.destination.name']);
      records.set(topic, (records.get(topic) ?? 0) + value);
    }
    const lag = embedded.engine.lag();
    const streams = [...lag].map(([topic, behind]) => {
      const count = records.get(topic) ?? 0;
      return {
        topic,
        isInternal: internal.has(topic),
        records: count,
        perSecond: (count - (lastRecords.get(topic) ?? 0)) / seconds,
        lag: behind,
      };
    });
    const latency = metrics
      .distributions()
      .find(({ name, attributes }) => name === 'freshet.event.latency' && attributes['freshet.stage'] === 'published')
      ?.recent();
    if (now - sizesMs >= SIZES_EVERY_MS) {
      sizes = embedded.sizes();
      sizesMs = now;
    }
    const delayP99Ms = delay.percentile(99) / 1e6;
    delay.reset();
    lastMs = now;
    lastCpu = cpu;
    lastRecords = records;
    const eventsPerSecond = options.eventsPerSecond();
    return {
      status: embedded.engine.status,
      mode: options.mode,
      uptimeMs: now - startedMs,
      streams,
      latency: {
        p50Ms: inMs(latency?.quantile(0.5)),
        p99Ms: inMs(latency?.quantile(0.99)),
        count: latency?.count ?? 0,
        windowMs: DISTRIBUTION_WINDOW_MS,
      },
      // One that cannot be read is left out here and told by who reads the metrics.
      quality: quality(metrics.gauges(() => {})),
      stores: sizes.map(({ columnFamily, bytes, keys }) => ({
        store: columnFamily,
        bytes,
        keys,
        cacheBytes: cacheBytes(embedded, columnFamily),
      })),
      topology,
      refused: refused(embedded, options.partitions),
      counters: Object.fromEntries(
        counters
          .filter(({ name }) => name !== CONSUMED)
          .map(({ name, attributes, value }) => [[name, ...Object.values(attributes)].join(' '), value]),
      ),
      process: { rssBytes: process.memoryUsage.rss(), cpuPercent, eventLoopDelayP99Ms: delayP99Ms },
      shop: eventsPerSecond === undefined ? undefined : { eventsPerSecond },
    };
  };
}

const inMs = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000);

function quality(values: readonly MetricValue[]): QualityView[] {
  const gauges = new Map<string, Map<string, number>>();
  for (const { name, attributes, value } of values) {
    if (!QUALITY_GAUGES.has(name)) continue;
    const algorithm = String(attributes['freshet.algorithm']);
    const known = gauges.get(algorithm);
    if (known === undefined) gauges.set(algorithm, new Map([[name, value]]));
    else known.set(name, value);
  }
  return Array.from(gauges, ([algorithm, own]) => ({
    algorithm,
    hitRate: own.get('freshet.lists.hit_rate') ?? 0,
    mrr: own.get('freshet.lists.reciprocal_rank') ?? 0,
    looks: own.get('freshet.lists.looks') ?? 0,
  }))
    .filter(({ looks }) => looks > 0)
    .sort((a, b) => (a.algorithm < b.algorithm ? -1 : 1));
}

function cacheBytes({ engine }: Embedded, store: string): number {
  const tasks = engine.tasks.flatMap((task) => task.stores.filter(({ name }) => name === store));
  const globals = engine.globals?.memoryBytes.filter(({ name }) => name === store) ?? [];
  return [...tasks.map((one) => one.memoryBytes), ...globals.map((one) => one.bytes)].reduce(
    (sum, bytes) => sum + bytes,
    0,
  );
}

/** The graph with names that are unique over all kinds. */
function drawing({ topology }: Embedded): EngineView['topology'] {
  const { nodes, edges } = describe(topology);
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const { id, name, kind } of nodes) {
    const unique = taken.has(name) ? `${name} (${kind})` : name;
    taken.add(unique);
    names.set(id, unique);
  }
  return {
    nodes: nodes.map(({ id, kind }) => ({ name: names.get(id)!, kind: kind === 'versioned-sink' ? 'sink' : kind })),
    edges: edges.map(({ from, to }) => ({ from: names.get(from)!, to: names.get(to)! })),
  };
}

function refused({ log }: Embedded, partitions: number): RefusedView[] {
  const requests = Array.from({ length: partitions }, (_, partition) => {
    const { start, end } = log.offsets({ topic: DEAD_LETTER_TOPIC, partition });
    return {
      topic: DEAD_LETTER_TOPIC,
      partition,
      offset: Math.max(start, end - REFUSED_SHOWN),
      maxRecords: REFUSED_SHOWN,
    };
  });
  return log
    .fetch(requests)
    .flatMap(({ records }) => records)
    .sort((a, b) => b.appendTimeMs - a.appendTimeMs || b.offset - a.offset)
    .slice(0, REFUSED_SHOWN)
    .map(refusedView);
}

function refusedView({ headers = {}, appendTimeMs }: LogRecord): RefusedView {
  return {
    at: appendTimeMs,
    topic: headers[DEAD_LETTER_HEADERS.topic] ?? '',
    partition: Number(headers[DEAD_LETTER_HEADERS.partition] ?? 0),
    offset: Number(headers[DEAD_LETTER_HEADERS.offset] ?? 0),
    code: headers[DEAD_LETTER_HEADERS.code] ?? '',
    text: headers[DEAD_LETTER_HEADERS.text] ?? '',
  };
}
