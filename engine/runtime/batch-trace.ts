// The spans of one micro-batch, from its records to its lists. For each sub-topology that a sampled record goes into:
//
//   process <topic>  continues the trace of the first such record, with links to those of the others; until the state is written
//   ├─ node ...      one for each processor of the sub-topology that got records
//   ├─ punctuate     where a timer fires
//   ├─ commit        the transaction; what the sub-topology sends carries this span's context, so that the next task goes on from it
//   ├─ write state   where it is not part of the transaction
//   └─ publish ...   one for each call to a sink; begins when the commit is over
//
// A task runs all sub-topologies in one batch. Were all that it sends one trace, then every click that shares a batch with what another click has led to
// would go on with that one's trace, and under steady traffic no trace would ever end. By sub-topology a trace is as long as the topology's longest path.
//
// A batch without a sampled record has no spans. Names and attributes follow OpenTelemetry's semantic conventions for messaging
// (https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/); ours begin with `freshet.`.

import {
  isSampled,
  type ProducerRecord,
  type Span,
  type SpanAttributes,
  type StreamRecord,
  TRACEPARENT,
  type Tracer,
} from '../api/index.ts';
import type { SubTopologies } from '../graph/sub-topologies.ts';
import { MAX_LINKS, type SampledRecords, SubTopologyTrace } from './sub-topology-trace.ts';

type Write = (columnFamily: string, key: Uint8Array, value: Uint8Array | null) => void;

/** Starts the spans of a batch; `undefined` where nothing of it is traced. */
export function traceBatch(
  tracer: Tracer,
  taskId: number,
  records: readonly StreamRecord[],
  subTopologies: SubTopologies,
): BatchTrace | undefined {
  if (!tracer.isEnabled) return undefined;
  let sampled: Map<number, SampledRecords> | undefined;
  for (const { headers, topic } of records) {
    const traceparent = headers?.[TRACEPARENT];
    if (traceparent === undefined) continue;
    const number = subTopologies.ofSource.get(topic)!;
    const known = sampled?.get(number);
    // The records that one batch sent name one span.
    if (known?.traceparents.has(traceparent) === true || !isSampled(traceparent)) continue;
    if (known !== undefined) known.traceparents.add(traceparent);
    else {
      sampled ??= new Map();
      sampled.set(number, { topic, traceparents: new Set([traceparent]) });
    }
  }
  if (sampled === undefined) return undefined;
  const parts = new Map<number, SubTopologyTrace>();
  for (const [number, of] of sampled) parts.set(number, new SubTopologyTrace(tracer, taskId, records.length, of));
  return new BatchTrace(tracer, taskId, subTopologies, parts);
}

export class BatchTrace {
  readonly #tracer: Tracer;
  readonly #taskId: number;
  readonly #subTopologies: SubTopologies;
  /** By number of the sub-topology; at least one. */
  readonly #parts: ReadonlyMap<number, SubTopologyTrace>;
  readonly #first: SubTopologyTrace;
  #isOver = false;

  constructor(
    tracer: Tracer,
    taskId: number,
    subTopologies: SubTopologies,
    parts: ReadonlyMap<number, SubTopologyTrace>,
  ) {
    this.#tracer = tracer;
    this.#taskId = taskId;
    this.#subTopologies = subTopologies;
    this.#parts = parts;
    [this.#first] = parts.values() as Iterable<SubTopologyTrace> as [SubTopologyTrace];
  }

  /** Of the first sampled record's `process` span. */
  get traceparent(): string {
    return this.#first.process.traceparent;
  }

  /** Of the `process` span that a node works under: where lists that it makes come from. */
  traceparentOf(node: string): string | undefined {
    return this.#partOf(node)?.process.traceparent;
  }

  #partOf(node: string): SubTopologyTrace | undefined {
    return this.#parts.get(this.#subTopologies.ofNode.get(node)!);
  }

  /** Does a node's `work` in a span of its own, where what it works on is traced. */
  async withinNode<T>(node: string, attributes: SpanAttributes, work: () => T | Promise<T>): Promise<T> {
    const part = this.#partOf(node);
    return part === undefined ? await work() : within([part.startStep(`node ${node}`, attributes)], work);
  }

  /** Fires timers, of any node. */
  async withinPunctuation<T>(work: () => T | Promise<T>): Promise<T> {
    return within(
      Array.from(this.#parts.values(), (part) => part.startStep('punctuate', {})),
      work,
    );
  }

  /** The transaction begins. Gives the records that come of traced ones its context; dead letters keep what they came with. */
  startCommit(commitNumber: number, records: ProducerRecord[]): void {
    for (const part of this.#parts.values()) part.startCommit(commitNumber, records.length);
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      bytes += record.value?.length ?? 0;
      const commit = this.#parts.get(this.#subTopologies.ofSink.get(record.topic) ?? -1)?.commit;
      if (commit !== undefined)
        records[index] = { ...record, headers: { ...record.headers, [TRACEPARENT]: commit.traceparent } };
    }
    this.#setOnCommit({ 'freshet.sent.bytes': bytes });
  }

  #setOnCommit(attributes: SpanAttributes): void {
    for (const { commit } of this.#parts.values()) commit?.set(attributes);
  }

  /** Hands over the changes of the state, and tells how many they were. */
  staged(write: Write, stage: (counted: Write) => void): void {
    let changes = 0;
    let bytes = 0;
    stage((columnFamily, key, value) => {
      changes += 1;
      bytes += key.length + (value?.length ?? 0);
      write(columnFamily, key, value);
    });
    this.#setOnCommit({ 'freshet.state.changes': changes, 'freshet.state.bytes': bytes });
  }

  /** The transaction is committed, and the state is written apart from it, now. */
  logCommitted(): void {
    for (const part of this.#parts.values()) part.startStateWrite();
  }

  /** The batch failed, or its commit did. */
  failed(error: unknown): void {
    for (const part of this.#parts.values()) part.failed(error);
  }

  /** Everything but the publication is over. Safe more than once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const part of this.#parts.values()) part.end();
  }

  /** Lists of this batch and others on their way to a sink. */
  startPublication(node: string, entries: number, others: readonly BatchTrace[] = []): Span {
    const links: string[] = [];
    for (const { process } of [this, ...others].flatMap((trace) => [...trace.#parts.values()]))
      if (process !== this.#first.process && links.length < MAX_LINKS) links.push(process.traceparent);
    return this.#tracer.startSpan(`publish ${node}`, {
      kind: 'client',
      parent: this.#first.process,
      links,
      attributes: { 'freshet.task.id': this.#taskId, 'freshet.entries': entries },
    });
  }
}

async function within<T>(spans: readonly Span[], work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    for (const span of spans) span.fail(error);
    throw error;
  } finally {
    for (const span of spans) span.end();
  }
}
