// Tracing as a port: spans, and their names in W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context-1/). Whoever makes
// spans asks `isEnabled` first, once for each piece of work, so that a silent tracer costs that one question.

/** The header, of records and requests, that names the span which a piece of work continues. */
export const TRACEPARENT = 'traceparent';

/** Part of OpenTelemetry's span kinds. */
export type SpanKind = 'internal' | 'consumer' | 'producer' | 'client' | 'server';

/** What is said of a span: numbers, names of the program's own parts. No ids of people or things. */
export type SpanAttributes = Readonly<{ [name: string]: string | number }>;

export interface SpanOptions {
  /** @defaultValue 'internal' */
  readonly kind?: SpanKind;
  /** A span of this process, or the traceparent of one anywhere; left out, a trace begins. */
  readonly parent?: Span | string;
  /** Traceparents of other spans that this one is due to. */
  readonly links?: readonly string[];
  readonly attributes?: SpanAttributes;
}

/** A piece of work under way. After `end` only {@link traceparent} is of use. */
export interface Span {
  /** Its name for other processes, as {@link TRACEPARENT} carries it. */
  readonly traceparent: string;
  set(attributes: SpanAttributes): void;
  /** It failed: with the class and code of an error, not its text, which may hold data. */
  fail(error: unknown): void;
  /** At most once. */
  end(): void;
}

export interface Tracer {
  /** Constant. When it is `false`, nobody starts a span. */
  readonly isEnabled: boolean;
  /** Constant. Whether a request that is in no trace may begin one: then the sampler decides, once for each. @defaultValue false */
  readonly startsTraces?: boolean;
  startSpan(name: string, options?: SpanOptions): Span;
}

const silentSpan: Span = { traceparent: '', set() {}, fail() {}, end() {} };

/** Traces nothing. */
export const silentTracer: Tracer = { isEnabled: false, startSpan: () => silentSpan };

/** What a traceparent says. */
export interface TraceContext {
  /** 32 hexadecimal digits in lower case, not all 0. */
  readonly traceId: string;
  /** 16 of them, not all 0. */
  readonly spanId: string;
  /** 0 to 255. */
  readonly flags: number;
}

const LENGTH = 55;
const SAMPLED = 1;
const FORMAT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Reads a traceparent of version 00; `undefined` for anything else. */
export function parseTraceparent(text: string): TraceContext | undefined {
  if (text.length !== LENGTH) return undefined;
  const [, traceId, spanId, flags] = FORMAT.exec(text) ?? [];
  return traceId === undefined ? undefined : { traceId, spanId: spanId!, flags: Number.parseInt(flags!, 16) };
}

/** The id of a traceparent's trace, for logs; `undefined` where it names none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : parseTraceparent(traceparent)?.traceId;
}

/** The traceparent of a context, version 00. */
export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags.toString(16).padStart(2, '0')}`;
}

/** Whether a text is a traceparent whose trace is being recorded. */
export function isSampled(text: string): boolean {
  const context = parseTraceparent(text);
  return context !== undefined && (context.flags & SAMPLED) !== 0;
}
