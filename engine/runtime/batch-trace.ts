// The spans of one micro-batch, from its records to its lists:
//
//   process         continues the trace of the first sampled record, with links to those of the others; until the state is written
//   ├─ node ...     one for each processor that got records
//   ├─ punctuate    where a timer fires
//   ├─ commit       the transaction; what the batch sends carries this span's context, so that the next task goes on from it
//   ├─ write state  where it is not part of the transaction
//   └─ publish ...  one for each call to a sink; begins when the commit is over
//
// A batch without a sampled record has none of them. Names and attributes follow OpenTelemetry's semantic conventions for messaging
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
import { DEAD_LETTER_TOPIC } from '../graph/topology.ts';

/** Links that a span carries at most: half of what the SDK keeps, which a viewer can still show. */
export const MAX_LINKS = 64;

type Write = (columnFamily: string, key: Uint8Array, value: Uint8Array | null) => void;

/** Starts the spans of a batch; `undefined` where nothing of it is traced. */
export function traceBatch(tracer: Tracer, taskId: number, records: readonly StreamRecord[]): BatchTrace | undefined {
  if (!tracer.isEnabled) return undefined;
  let first: string | undefined;
  let others: Set<string> | undefined;
  for (const { headers } of records) {
    const traceparent = headers?.[TRACEPARENT];
    // The records that one batch sent name one span.
    if (traceparent === undefined || traceparent === first || others?.has(traceparent) === true) continue;
    if (!isSampled(traceparent)) continue;
    if (first === undefined) {
      first = traceparent;
      continue;
    }
    others ??= new Set();
    others.add(traceparent);
  }
  if (first === undefined) return undefined;
  return new BatchTrace(tracer, taskId, records.length, [first, ...(others ?? [])]);
}

export class BatchTrace {
  readonly #tracer: Tracer;
  readonly #taskId: number;
  readonly #process: Span;
  /** Of the `process` span: where lists that this batch makes come from. */
  readonly traceparent: string;
  #commit: Span | undefined;
  #stateWrite: Span | undefined;
  #isOver = false;

  constructor(tracer: Tracer, taskId: number, records: number, [first, ...others]: readonly string[]) {
    this.#tracer = tracer;
    this.#taskId = taskId;
    this.#process = tracer.startSpan(`process ${taskId}`, {
      kind: 'consumer',
      parent: first!,
      links: others.slice(0, MAX_LINKS),
      attributes: {
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.batch.message_count': records,
        'messaging.destination.partition.id': String(taskId),
        'freshet.task.id': taskId,
        'freshet.traces.linked': Math.min(others.length, MAX_LINKS),
        'freshet.traces.not_linked': Math.max(0, others.length - MAX_LINKS),
      },
    });
    this.traceparent = this.#process.traceparent;
  }

  /** Does `work` in a span of its own. */
  async within<T>(name: string, attributes: SpanAttributes, work: () => T | Promise<T>): Promise<T> {
    const span = this.#tracer.startSpan(name, { parent: this.#process, attributes });
    try {
      return await work();
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** The transaction begins. Gives the records that it sends its context; dead letters keep what they came with. */
  startCommit(commitNumber: number, records: ProducerRecord[]): void {
    const commit = this.#tracer.startSpan(`commit ${this.#taskId}`, {
      kind: 'producer',
      parent: this.#process,
      attributes: {
        'messaging.operation.name': 'commit',
        'messaging.operation.type': 'send',
        'messaging.batch.message_count': records.length,
        'freshet.task.id': this.#taskId,
        'freshet.commit.number': commitNumber,
      },
    });
    this.#commit = commit;
    const { traceparent } = commit;
    let bytes = 0;
    for (const [index, record] of records.entries()) {
      bytes += record.value?.length ?? 0;
      if (record.topic !== DEAD_LETTER_TOPIC)
        records[index] = { ...record, headers: { ...record.headers, [TRACEPARENT]: traceparent } };
    }
    commit.set({ 'freshet.sent.bytes': bytes });
  }

  /** Hands the changes of the state over, and tells how many they were. */
  staged(write: Write, stage: (counted: Write) => void): void {
    let changes = 0;
    let bytes = 0;
    stage((columnFamily, key, value) => {
      changes += 1;
      bytes += key.length + (value?.length ?? 0);
      write(columnFamily, key, value);
    });
    this.#commit?.set({ 'freshet.state.changes': changes, 'freshet.state.bytes': bytes });
  }

  /** The transaction is committed, and the state is written apart from it, now. */
  logCommitted(): void {
    this.#endCommit();
    this.#stateWrite = this.#tracer.startSpan('write state', { parent: this.#process });
  }

  /** The batch failed, or its commit did. */
  failed(error: unknown): void {
    this.#commit?.fail(error);
    this.#stateWrite?.fail(error);
    this.#process.fail(error);
  }

  /** Everything but the publication is over. Safe more than once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#endCommit();
    this.#stateWrite?.end();
    this.#process.end();
  }

  #endCommit(): void {
    this.#commit?.end();
    this.#commit = undefined;
  }

  /** Lists of this batch and others on their way to a sink. */
  startPublication(node: string, entries: number, others: readonly BatchTrace[] = []): Span {
    return this.#tracer.startSpan(`publish ${node}`, {
      kind: 'client',
      parent: this.#process,
      links: others.slice(0, MAX_LINKS).map(({ traceparent }) => traceparent),
      attributes: { 'freshet.task.id': this.#taskId, 'freshet.entries': entries },
    });
  }
}
