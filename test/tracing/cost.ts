// What tracing and metrics cost, in CPU time per event: simulated events through embedded engines in one process, chunk by chunk through each of
// them in turn. A figure is the median over the chunks of the difference between two variants, so a machine that is busy with
// other things falls on both.
//
//   node test/tracing/cost.ts [--chunks 40] [--events 500] [--batch 500] [--before FOLDER]
//
// FOLDER is a checkout of the time before tracing, to be compared with tracing that is off. The collector has a process of its own; what
// the SDK does here to send spans to it is in the figure.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';
import { CATALOGUE } from '../../app/instruments.ts';
import { startTracing } from '../../app/tracing.ts';
import { silentLogger, silentMetrics, systemClock, type Tracer } from '../../engine/api/index.ts';
import { MetricRegistry } from '../../engine/telemetry/index.ts';
import { createShop, type SimulatedEvent } from '../../tools/simulator/index.ts';

const HERE = join(import.meta.dirname, '..', '..');
/** Chunks at the start that are not counted: code is compiled then. */
const WARM_UP = 4;
const COLLECTOR = `
  const server = require('node:http').createServer((request, response) => request.resume().on('end', () => response.end()));
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

interface Variant {
  readonly name: string;
  readonly root: string;
  readonly tracer: Tracer | undefined;
  /** Share of the events that their producer has sampled; `undefined`: producers send no header at all. */
  readonly sampled: number | undefined;
  /** Whether everything of the catalogue is counted; else nothing is. */
  readonly isCounted?: boolean;
}

const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '40' },
    events: { type: 'string', default: '500' },
    batch: { type: 'string', default: '500' },
    before: { type: 'string' },
  },
});
const eventsPerChunk = Number(values.events);

const collector = spawn(process.execPath, ['-e', COLLECTOR], { stdio: ['ignore', 'pipe', 'inherit'] });
const [port] = (await once(collector.stdout, 'data')) as [Buffer];
process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${String(port).trim()}`;
const { tracer, stop } = await startTracing({
  isOn: true,
  serviceName: 'cost',
  messagingSystem: 'freshet',
  logger: silentLogger,
});
const provider = (trace.getTracerProvider() as ProxyTracerProvider).getDelegate();
const flush = () => (provider as TracerProvider & { forceFlush(): Promise<void> }).forceFlush();

const variants: readonly Variant[] = [
  ...(values.before === undefined
    ? []
    : [{ name: 'before', root: values.before, tracer: undefined, sampled: undefined }]),
  { name: 'off', root: HERE, tracer: undefined, sampled: undefined },
  { name: 'off, counted', root: HERE, tracer: undefined, sampled: undefined, isCounted: true },
  { name: 'off, with headers', root: HERE, tracer: undefined, sampled: 0.01 },
  { name: 'on, 1 % sampled', root: HERE, tracer, sampled: 0.01 },
  { name: 'on, 100 % sampled', root: HERE, tracer, sampled: 1 },
];
const shop = createShop({ seed: 1, startAtMs: Date.UTC(2026, 0, 5, 9), eventsPerSecond: 100 });
const engines = [];
for (const variant of variants) engines.push(await open(variant, shop.catalogEvents()));
const events = shop.events();
const costs = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
for (let chunk = 0; chunk < Number(values.chunks) + WARM_UP; chunk++) {
  const part = Array.from({ length: eventsPerChunk }, () => events.next().value);
  // Each variant comes first as often as any other.
  for (let turn = 0; turn < engines.length; turn++) {
    const { name, take } = engines[(chunk + turn) % engines.length]!;
    const cost = await take(part, chunk * eventsPerChunk);
    if (chunk >= WARM_UP) costs.get(name)!.push(cost);
  }
}
await stop();
for (const { close } of engines) await close();
collector.kill();
report();

/** An engine whose `take` returns the CPU time that the events cost, µs an event. */
async function open({ name, root, tracer: used, sampled, isCounted }: Variant, catalog: readonly SimulatedEvent[]) {
  const load = async <M>(path: string): Promise<M> => (await import(join(root, path))) as M;
  const { openEmbedded } = await load<typeof import('../../app/embedded.ts')>('app/embedded.ts');
  const { readConfig } = await load<typeof import('../../app/config.ts')>('app/config.ts');
  const { producerRecord } = await load<typeof import('../../app/producer-record.ts')>('app/producer-record.ts');
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-cost-'));
  const { engine, log, serdes, close } = await openEmbedded({
    config: { ...readConfig({}), dataDir, recordsPerBatch: Number(values.batch) },
    dataDir,
    mode: 'replay',
    clock: systemClock,
    logger: silentLogger,
    metrics: isCounted === true ? new MetricRegistry(systemClock, CATALOGUE) : silentMetrics,
    ...(used !== undefined && { tracer: used }),
  });
  const record = ({ topic, key, value, at }: SimulatedEvent, index: number, share = sampled) => ({
    ...producerRecord(serdes, topic, key, value as never, at),
    headers: share === undefined ? undefined : { traceparent: traceparentOf(index, share) },
  });
  await log.append(catalog.map((event, index) => record(event, index, 0)));
  await engine.runUntilIdle();
  return {
    name,
    async take(part: readonly SimulatedEvent[], firstIndex: number): Promise<number> {
      const records = part.map((event, index) => record(event, firstIndex + index));
      const start = process.cpuUsage();
      await log.append(records);
      await engine.runUntilIdle();
      if (used !== undefined) await flush();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / part.length;
    },
    async close(): Promise<void> {
      await close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** A traceparent that depends on the event's number alone. */
function traceparentOf(index: number, sampled: number): string {
  const digest = createHash('sha256').update(String(index)).digest('hex');
  const isSampled = Number.parseInt(digest.slice(48, 54), 16) / 0x1000000 < sampled;
  return `00-${digest.slice(0, 32)}-${digest.slice(32, 48)}-${isSampled ? '01' : '00'}`;
}

function report(): void {
  for (const [name, own] of costs) console.log(`${name}: ${median(own).toFixed(1)} µs an event`);
  for (const [name, base] of [
    ['off', 'before'],
    ['off, counted', 'off'],
    ['off, with headers', 'off'],
    ['on, 1 % sampled', 'off, with headers'],
    ['on, 100 % sampled', 'off, with headers'],
  ] as const) {
    const [own, other] = [costs.get(name), costs.get(base)];
    if (own === undefined || other === undefined) continue;
    const differences = own.map((cost, chunk) => cost - other[chunk]!);
    const [low, high] = interval(differences).map((bound) => bound.toFixed(1));
    const share = ((100 * median(differences)) / median(other)).toFixed(1);
    console.log(
      `${name} - ${base}: ${median(differences).toFixed(1)} µs an event (${share} %); 95 %: ${low} to ${high}`,
    );
  }
  console.log(`${values.chunks} chunks of ${values.events} events, ${values.batch} records a batch`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

/** Order statistics between which the median lies with a probability of at least 95 %, by the sign test. */
function interval(numbers: readonly number[]): readonly number[] {
  const sorted = numbers.toSorted((a, b) => a - b);
  const n = sorted.length;
  let term = 0.5 ** n;
  let tail = term;
  let rank = 0;
  while (tail <= 0.025) {
    rank += 1;
    term = (term * (n - rank + 1)) / rank;
    tail += term;
  }
  const place = Math.max(0, rank - 1);
  return [sorted[place]!, sorted[n - 1 - place]!];
}
