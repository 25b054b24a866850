// The tracer port on the API of OpenTelemetry. Spans go to whatever provider the application has registered: without one nothing is
// recorded. The API is loaded with the tracer, so that programs that do not trace never load it.

import type {
  Context,
  Link,
  Attributes as OtelAttributes,
  Span as OtelSpan,
  Tracer as OtelTracer,
} from '@opentelemetry/api';
import {
  errorType,
  formatTraceparent,
  parseTraceparent,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanOptions,
  type Tracer,
} from '../api/index.ts';

type Api = typeof import('@opentelemetry/api');

export interface OtelTracerOptions {
  /** What the records come from, as semantic conventions call it: `kafka`, or a name of one's own. */
  readonly messagingSystem: string;
  /** Whether requests that are in no trace may begin one, as the provider's sampler decides. @defaultValue false */
  readonly startsTraces?: boolean;
}

/** A tracer of the provider that is registered now. */
export async function createOtelTracer(options: OtelTracerOptions): Promise<Tracer> {
  const api = await import('@opentelemetry/api');
  return new ApiTracer(api, api.trace.getTracer('freshet'), options);
}

class ApiTracer implements Tracer {
  readonly isEnabled = true;
  readonly startsTraces: boolean;
  readonly #api: Api;
  readonly #tracer: OtelTracer;
  readonly #messaging: OtelAttributes;
  readonly #kinds: Readonly<Record<SpanKind, number>>;

  constructor(api: Api, tracer: OtelTracer, { messagingSystem, startsTraces = false }: OtelTracerOptions) {
    this.startsTraces = startsTraces;
    this.#api = api;
    this.#tracer = tracer;
    this.#messaging = { 'messaging.system': messagingSystem };
    const { INTERNAL, CONSUMER, PRODUCER, CLIENT, SERVER } = api.SpanKind;
    this.#kinds = { internal: INTERNAL, consumer: CONSUMER, producer: PRODUCER, client: CLIENT, server: SERVER };
  }

  startSpan(name: string, { kind = 'internal', parent, links, attributes }: SpanOptions = {}): Span {
    const isMessaging = kind === 'consumer' || kind === 'producer';
    const options = {
      kind: this.#kinds[kind],
      attributes: isMessaging ? { ...this.#messaging, ...attributes } : { ...attributes },
      ...(links !== undefined && { links: links.flatMap((link) => this.#link(link)) }),
    };
    return new ApiSpan(this.#api, this.#tracer.startSpan(name, options, this.#contextOf(parent)));
  }

  #contextOf(parent: Span | string | undefined): Context {
    const { ROOT_CONTEXT, trace } = this.#api;
    if (parent instanceof ApiSpan) return trace.setSpan(ROOT_CONTEXT, parent.span);
    const [link] = parent === undefined ? [] : this.#link(typeof parent === 'string' ? parent : parent.traceparent);
    return link === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, link.context);
  }

  #link(traceparent: string): Link[] {
    const context = parseTraceparent(traceparent);
    if (context === undefined) return [];
    const { traceId, spanId, flags } = context;
    return [{ context: { traceId, spanId, traceFlags: flags, isRemote: true } }];
  }
}

class ApiSpan implements Span {
  readonly span: OtelSpan;
  readonly #api: Api;

  constructor(api: Api, span: OtelSpan) {
    this.#api = api;
    this.span = span;
  }

  get traceparent(): string {
    const { traceId, spanId, traceFlags } = this.span.spanContext();
    return formatTraceparent({ traceId, spanId, flags: traceFlags });
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes(attributes);
  }

  fail(error: unknown): void {
    this.span.setAttributes({ 'error.type': errorType(error) });
    this.span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
  }

  end(): void {
    this.span.end();
  }
}
