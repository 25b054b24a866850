// The load generator of bench/serving.ts, a process of its own: autocannon, with latencies in microseconds. At a fixed rate the time that a request
// had to wait because an earlier one was late counts too (coordinated omission). Settings come as JSON in the environment, the
// result goes to standard output as JSON.

import { createHistogram } from 'node:perf_hooks';
import autocannon, { type Result } from 'autocannon';
import { visitorOf } from './serving-data.ts';

export interface LoadSettings {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** So many requests, however long they take, in place of a time. */
  readonly amount?: number;
  /** Requests a second over all connections; as many as go when absent. */
  readonly rate?: number;
  readonly visitors: number;
}

export interface LoadResult {
  readonly requestsPerSecond: number;
  /** Without an answer, or with one that is not 2xx. */
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly bytesPerAnswer: number;
  /** Share of a core that the generator took: near 1 it is the generator that was measured. */
  readonly generatorCpu: number;
}

const settings = JSON.parse(process.env.LOAD_SETTINGS!) as LoadSettings;
const { connections, seconds, amount, rate, visitors } = settings;
/** Time between two requests of a connection, µs. */
const intervalUs = rate === undefined ? undefined : (1e6 * connections) / rate;
const latencies = createHistogram();
let bytes = 0;
let begun = 0;

/** The generator's own code is slow until it has been compiled: what it measures until then is itself. */
const SETTLE_MS = 1_000;
const startCpu = process.cpuUsage();
const startMs = performance.now();
const { promise: ended, resolve, reject } = Promise.withResolvers<Result>();
const run = autocannon(
  {
    url: settings.url,
    connections,
    ...(amount === undefined ? { duration: seconds } : { amount }),
    ...(rate !== undefined && { overallRate: rate }),
    setupClient(client) {
      // Each connection asks for visitors of its own, one after the other.
      const first = Math.floor((begun++ * visitors) / connections);
      client.setRequests(
        Array.from({ length: Math.floor(visitors / connections) }, (_, i) => ({
          path: `/v1/visitors/${visitorOf(first + i)}/recommendations`,
        })),
      );
    },
  },
  (error: Error | null, result: Result) => (error === null ? resolve(result) : reject(error)),
);
run.on('response', (_client, _status, size, tookMs) => {
  bytes += size;
  if (performance.now() - startMs < SETTLE_MS) return;
  let tookUs = Math.max(1, Math.round(tookMs * 1_000));
  latencies.record(tookUs);
  if (intervalUs === undefined) return;
  for (tookUs -= intervalUs; tookUs >= intervalUs; tookUs -= intervalUs) latencies.record(Math.round(tookUs));
});
const result = await ended;
const { user, system } = process.cpuUsage(startCpu);
const answered = result['2xx'];
const quantileMs = (percent: number): number => latencies.percentile(percent) / 1_000;
const summary: LoadResult = {
  requestsPerSecond: answered / result.duration,
  failed: result.errors + result.non2xx,
  p50Ms: quantileMs(50),
  p99Ms: quantileMs(99),
  p999Ms: quantileMs(99.9),
  bytesPerAnswer: bytes / Math.max(1, answered),
  generatorCpu: (user + system) / 1_000 / (performance.now() - startMs),
};
process.stdout.write(JSON.stringify(summary));
