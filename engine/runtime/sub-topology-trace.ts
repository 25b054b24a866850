// What of a batch went through one sub-topology, as spans of the trace that its first sampled record belongs to.

import type { Span, SpanAttributes, Tracer } from '../api/index.ts';

/** Links that a span carries at most: half of what the SDK keeps, which a viewer can still show. */
export const MAX_LINKS = 64;

/** Sampled records of a batch that go into one sub-topology. */
export interface SampledRecords {
  /** Where the first one comes from. */
  readonly topic: string;
  /** That of the first one, then those of the others, each once. */
  readonly traceparents: Set<string>;
}

export class SubTopologyTrace {
  readonly process: Span;
  readonly #tracer: Tracer;
  readonly #attributes: SpanAttributes;
  #commit: Span | undefined;
  #stateWrite: Span | undefined;

  /** @param records number of all records of the batch */
  constructor(tracer: Tracer, taskId: number, records: number, { topic, traceparents }: SampledRecords) {
    const [first, ...others] = traceparents;
    this.#tracer = tracer;
    this.#attributes = { 'messaging.destination.partition.id': String(taskId), 'freshet.task.id': taskId };
    this.process = tracer.startSpan(`process ${topic}`, {
      kind: 'consumer',
      parent: first!,
      links: others.slice(0, MAX_LINKS),
      attributes: {
        ...this.#attributes,
        'messaging.operation.name': 'process',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.batch.message_count': records,
        'freshet.traces.linked': Math.min(others.length, MAX_LINKS),
        'freshet.traces.not_linked': Math.max(0, others.length - MAX_LINKS),
      },
    });
  }

  startStep(name: string, attributes: SpanAttributes): Span {
    return this.#tracer.startSpan(name, { parent: this.process, attributes });
  }

  /** @param records number of all records that the commit sends */
  startCommit(commitNumber: number, records: number): Span {
    this.#commit = this.#tracer.startSpan('commit', {
      kind: 'producer',
      parent: this.process,
      attributes: {
        ...this.#attributes,
        'messaging.operation.name': 'commit',
        'messaging.operation.type': 'send',
        'messaging.batch.message_count': records,
        'freshet.commit.number': commitNumber,
      },
    });
    return this.#commit;
  }

  get commit(): Span | undefined {
    return this.#commit;
  }

  startStateWrite(): void {
    this.#endCommit();
    this.#stateWrite = this.startStep('write state', {});
  }

  failed(error: unknown): void {
    this.#commit?.fail(error);
    this.#stateWrite?.fail(error);
    this.process.fail(error);
  }

  /** Once. */
  end(): void {
    this.#endCommit();
    this.#stateWrite?.end();
    this.process.end();
  }

  #endCommit(): void {
    this.#commit?.end();
    this.#commit = undefined;
  }
}
