// What this process takes of the machine, by the semantic conventions for Node.js, V8 and processes.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { Metrics } from '../engine/api/index.ts';

/** How often the event loop's delay is sampled, ms. */
const RESOLUTION_MS = 20;
/** Several gauges of one collection speak of the same time. */
const SAME_COLLECTION_MS = 500;

/** Measures from now on. Returns how to end it. */
export function watchProcess(metrics: Metrics): () => void {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  let utilization = performance.eventLoopUtilization();
  let since = { mean: 0, p50: 0, p99: 0, max: 0, utilization: 0 };
  let takenMs = performance.now();

  /** What happened since the last collection. */
  function recent(): typeof since {
    if (performance.now() - takenMs < SAME_COLLECTION_MS) return since;
    takenMs = performance.now();
    const now = performance.eventLoopUtilization();
    since = {
      mean: delayIn(delay.mean),
      p50: delayIn(delay.percentile(50)),
      p99: delayIn(delay.percentile(99)),
      max: delayIn(delay.max),
      utilization: performance.eventLoopUtilization(now, utilization).utilization,
    };
    utilization = now;
    delay.reset();
    return since;
  }

  const ends = [
    ...(['mean', 'p50', 'p99', 'max'] as const).map((which) =>
      metrics.gauge(`nodejs.eventloop.delay.${which}`, () => recent()[which]),
    ),
    metrics.gauge('nodejs.eventloop.utilization', () => recent().utilization),
    ...getHeapSpaceStatistics().map(({ space_name }) =>
      metrics.gauge('v8js.memory.heap.used', () => heapUsed(space_name), { 'v8js.heap.space.name': space_name }),
    ),
    metrics.gauge('v8js.memory.heap.max', () => getHeapStatistics().heap_size_limit),
    metrics.gauge('process.memory.usage', () => process.memoryUsage.rss()),
    ...(['user', 'system'] as const).map((mode) =>
      metrics.gauge('process.cpu.time', () => process.cpuUsage()[mode] / 1e6, { 'cpu.mode': mode }),
    ),
    metrics.gauge('process.uptime', () => process.uptime()),
  ];
  return () => {
    delay.disable();
    for (const end of ends) end();
  };
}

/** Of the sampler's ns in s, without the time between two samples; nothing was sampled while there are none. */
function delayIn(ns: number): number {
  return Number.isFinite(ns) ? Math.max(0, ns / 1e9 - RESOLUTION_MS / 1000) : 0;
}

function heapUsed(space: string): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === space)?.space_used_size ?? Number.NaN;
}
