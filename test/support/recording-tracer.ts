// A tracer that keeps what it is told, with ids that count.

import { formatTraceparent, type Span, type SpanOptions, type Tracer } from '../../engine/api/index.ts';

export interface RecordedSpan extends Span {
  readonly name: string;
  readonly options: SpanOptions;
  readonly attributes: { readonly [name: string]: string | number };
  readonly failure: unknown;
  readonly ends: number;
}

/** The traceparent of a sampled record: its trace and its span both bear this number. */
export const sampled = (id: number, flags = 1) =>
  formatTraceparent({
    traceId: id.toString(16).padStart(32, '0'),
    spanId: id.toString(16).padStart(16, '0'),
    flags,
  });

export class RecordingTracer implements Tracer {
  readonly isEnabled = true;
  readonly startsTraces: boolean;
  readonly spans: RecordedSpan[] = [];

  constructor({ startsTraces = false }: { readonly startsTraces?: boolean } = {}) {
    this.startsTraces = startsTraces;
  }

  startSpan(name: string, options: SpanOptions = {}): Span {
    const span = {
      name,
      options,
      traceparent: sampled(1_000_000 + this.spans.length),
      attributes: { ...options.attributes },
      failure: undefined as unknown,
      ends: 0,
      set(attributes: { readonly [name: string]: string | number }) {
        Object.assign(this.attributes, attributes);
      },
      fail(error: unknown) {
        this.failure = error;
      },
      end() {
        this.ends += 1;
      },
    };
    this.spans.push(span);
    return span;
  }

  named(name: string): RecordedSpan[] {
    return this.spans.filter((span) => span.name === name);
  }
}
