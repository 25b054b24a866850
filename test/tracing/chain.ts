// A small shop whose last click is traced, told to any engine, and what the trace of it has to look like.

import assert from 'node:assert/strict';
import { type ProxyTracerProvider, type TracerProvider, trace } from '@opentelemetry/api';
import { startTracing, type Tracing } from '../../app/tracing.ts';
import {
  type ProducerRecord,
  parseTraceparent,
  type ReadOnlyStore,
  type SinkEntry,
  silentLogger,
  type VersionedSink,
} from '../../engine/api/index.ts';
import type { Topology } from '../../engine/graph/index.ts';
import { topListSerde } from '../../lists/index.ts';
import {
  createFileSchemaSource,
  createSerdes,
  keyOf,
  type SourceRecords,
  type SourceTopic,
} from '../../schemas/index.ts';
import { buildRecommendationTopology, GLOBAL_STORES } from '../../topology/index.ts';
import { type CollectedSpan, type OtlpCollector, startOtlpCollector } from '../support/otlp-collector.ts';
import { waitFor } from '../support/wait-for.ts';
import { click, item } from '../unit/topology/shop.ts';

export const PARTITIONS = 2;
export const MESSAGING_SYSTEM = 'tested';
const SERVICE = 'freshet-engine';
/** Event time between two steps: items are published at once then, not by a timer in a batch that nobody traces. */
const STEP_MS = 10_000;
const PATIENCE_MS = 30_000;
/** The SDK cuts starts to milliseconds, and ends not. */
const START_PRECISION_NS = 1_000_000n;

const serdes = createSerdes(createFileSchemaSource());

export const topology = (): Topology =>
  buildRecommendationTopology({ serdes, partitions: PARTITIONS, cacheMaxBytes: 64 * 1024 * 1024 });

/** What was published. */
export class Lists implements VersionedSink {
  readonly #keys = new Set<string>();
  readonly #traces = new Map<string, string>();

  publish(entries: readonly SinkEntry[]): void {
    for (const { key, value } of entries) {
      this.#keys.add(key);
      if (value === null || !key.startsWith('list:')) continue;
      const { traceparent } = topListSerde.deserialize(value);
      if (traceparent !== undefined) this.#traces.set(key, traceparent);
    }
  }

  /** Keys, those of removed values included. */
  get size(): number {
    return this.#keys.size;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Of the newest list of this key that has one: a later batch, which nobody traces, may have made the list anew. */
  traceOf(key: string): string | undefined {
    return this.#traces.get(key);
  }
}

/** An engine under test. */
export interface TracedEngine {
  readonly lists: Lists;
  /** Steps of its commit that are spans. */
  readonly commitSpans: readonly string[];
  tables(): ReadonlyMap<string, ReadOnlyStore<unknown>>;
  send(atMs: number, records: readonly ProducerRecord[]): Promise<void>;
  close(): Promise<void>;
}

function event<T extends SourceTopic>(topic: T, value: SourceRecords[T], traceparent?: string): ProducerRecord {
  const key = keyOf(topic, value);
  const headers = traceparent === undefined ? undefined : { traceparent };
  return { topic, key, value: serdes[topic].serialize(value), timestampMs: value.at, headers };
}

export const view = (visitorId: string, itemId: string, at: number, traceparent?: string): ProducerRecord =>
  event('clicks', click({ visitorId, sessionId: `s-${visitorId}`, itemId, at }), traceparent);

/** The SDK as the application starts it, and a collector that it sends to. */
export interface CollectedTracing extends Tracing {
  readonly collector: OtlpCollector;
  /** All spans of a trace. To be called when the engine is closed, so that no more come. */
  spansOf(traceId: string): Promise<CollectedSpan[]>;
}

export async function startCollectedTracing(owner: {
  after(close: () => Promise<void>): void;
}): Promise<CollectedTracing> {
  const collector = await startOtlpCollector(owner);
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.url;
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json';
  const tracing = await startTracing({
    isOn: true,
    serviceName: SERVICE,
    messagingSystem: MESSAGING_SYSTEM,
    logger: silentLogger,
  });
  owner.after(() => tracing.stop());
  return {
    ...tracing,
    collector,
    async spansOf(traceId) {
      const provider = (trace.getTracerProvider() as ProxyTracerProvider).getDelegate();
      await (provider as TracerProvider & { forceFlush(): Promise<void> }).forceFlush();
      return collector.spans.filter((span) => span.traceId === traceId);
    },
  };
}

/** Two items, a shopper who views both, then another, whose second view is traced. Returns when all of it is published. */
export async function tellStory({ lists, tables, send }: TracedEngine, startMs: number, traceparent: string) {
  const until = (what: string, condition: () => boolean) => waitFor(what, condition, PATIENCE_MS);
  const isIn = (table: string, key: string) => tables().get(table)?.get(key) !== undefined;
  let at = startMs;
  const later = () => (at += STEP_MS);
  await send(later(), [event('catalog', item('X', { at })), event('catalog', item('Y', { at }))]);
  await until('the catalog', () => ['X', 'Y'].every((id) => isIn(GLOBAL_STORES.catalog, id)));
  await send(later(), [view('early', 'X', at), view('early', 'Y', at)]);
  await until('neighbours', () => ['X', 'Y'].every((id) => isIn(GLOBAL_STORES.neighbours, id)));
  await send(later(), [view('v', 'X', at)]);
  await until('a list', () => lists.has('list:visitor:for-you:default:v'));
  await send(later(), [view('v', 'Y', at, traceparent)]);
  const traced = ['visitor:for-you:default:v', 'item:similar:default:Y'];
  for (const key of traced) await until(key, () => lists.traceOf(`list:${key}`) !== undefined);
}

/** Asserts that the spans are what the engine has to say of the traced view. */
export function assertChain(
  spans: readonly CollectedSpan[],
  { lists, commitSpans }: TracedEngine,
  traceparent: string,
) {
  const childrenOf = (id: string) => spans.filter(({ parentSpanId }) => parentSpanId === id);

  // USERS.
  const [users, ...others] = childrenOf(parseTraceparent(traceparent)!.spanId);
  assert.ok(users !== undefined && others.length === 0, 'the click was not processed once');
  assert.deepEqual([users.name, users.kind, users.service], ['process clicks', 'consumer', SERVICE]);
  assert.equal(users.attributes['messaging.system'], MESSAGING_SYSTEM);
  const ofUsers = childrenOf(users.spanId);
  const steps = ofUsers.map(({ name }) => name).filter((step) => step !== 'punctuate');
  assert.deepEqual(steps.sort(), [...commitSpans, 'node users', 'publish lists'].sort());
  const commit = ofUsers.find(({ name }) => name === 'commit')!;
  assert.equal(commit.kind, 'producer');
  assert.ok((commit.attributes['freshet.sent.bytes'] as number) > 0);
  assert.ok((commit.attributes['freshet.state.changes'] as number) > 1);

  // ITEMS, in whichever tasks own X and Y.
  const downstream = childrenOf(commit.spanId);
  assert.ok(downstream.every(({ name, kind }) => name.startsWith('process ') && kind === 'consumer'));
  const downstreamSteps = downstream.flatMap((span) => childrenOf(span.spanId)).map(({ name }) => name);
  for (const step of [...commitSpans, 'node items', 'publish lists'])
    assert.ok(downstreamSteps.includes(step), `no ${step} in ${downstreamSteps}`);

  // Everything hangs together, and each span lies in the trace's order.
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  for (const span of spans) {
    const parent = byId.get(span.parentSpanId!);
    if (span !== users) assert.ok(parent, `${span.name} has no parent`);
    if (parent !== undefined) assert.ok(span.startNs >= parent.startNs, `${span.name} began before its parent`);
    assert.ok(span.endNs >= span.startNs && !span.isFailed, span.name);
  }
  const publication = ofUsers.find(({ name }) => name === 'publish lists')!;
  assert.ok(publication.startNs + START_PRECISION_NS > commit.endNs, 'lists were published before the commit was over');

  // The lists know where they come from.
  const spanOf = (key: string) => parseTraceparent(lists.traceOf(key)!)!.spanId;
  assert.equal(spanOf('list:visitor:for-you:default:v'), users.spanId);
  assert.equal(lists.traceOf('list:visitor:for-you:default:early'), undefined);
  assert.ok(downstream.some((span) => span.spanId === spanOf('list:item:similar:default:Y')));
}
