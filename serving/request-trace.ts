// A span for each request that its caller samples, which continues the caller's trace, and one behind it that links to the traces of the lists in the answer: so a shopper's
// page view leads to the events that its lists were made from. The other way round, the trace of an event ends with the first answer that has what came of it.
import { LRUCache } from 'lru-cache';
import { isSampled, parseTraceparent, type Span, TRACEPARENT, type Tracer } from '../engine/api/index.ts';
import type { EdgeRequest, EdgeResponse, Handler } from './handler.ts';

/** Traces whose first answer this process remembers to have given, 55 bytes each. */
const ANSWERED_TRACES = 10_000;

/** The span of a request that its caller samples, or that is in no trace and may begin one. */
function startSpan(tracer: Tracer, given: string | undefined): Span | undefined {
  if (!tracer.isEnabled) return undefined;
  if (given !== undefined)
    return isSampled(given) ? tracer.startSpan('serve', { kind: 'server', parent: given }) : undefined;
  if (tracer.startsTraces !== true) return undefined;
  const span = tracer.startSpan('serve', { kind: 'server' });
  return isSampled(span.traceparent) ? span : undefined;
}

function traceparentOf({ headers }: EdgeRequest): string | undefined {
  const given = headers[TRACEPARENT];
  return typeof given === 'string' && parseTraceparent(given) !== undefined ? given : undefined;
}

/**
 * Answers with `traceparent`: the request's span, or where the request is not traced what the caller sent, so that the trace goes on with
 * whoever asks next.
 */
export function traceRequests(tracer: Tracer): Handler {
  return (request, response, next) => {
    const given = traceparentOf(request);
    const span = startSpan(tracer, given);
    if (span === undefined) {
      if (given !== undefined) response.setHeader(TRACEPARENT, given);
      next();
      return;
    }
    response.locals.span = span;
    response.setHeader(TRACEPARENT, span.traceparent);
    response.once('close', () => {
      span.set({
        'http.request.method': request.method ?? '',
        ...(response.locals.route !== undefined && { 'http.route': response.locals.route }),
        'http.response.status_code': response.statusCode,
      });
      if (response.statusCode >= 500) span.fail(new Error('answered with a server error'));
      span.end();
    });
    next();
  };
}

/** Says of an answer under which spans its lists were made. */
export type LinkLists = (response: EdgeResponse, traceparents: readonly string[]) => void;

/**
 * Links a request's span to those under which the answer's lists were made, and ends the trace of each list with the first answer of this process that
 * has it: several lists of one trace make one such span.
 */
export function createListLinks(tracer: Tracer): LinkLists {
  if (!tracer.isEnabled) return () => {};
  const answered = new LRUCache<string, true>({ max: ANSWERED_TRACES });
  return (response, traceparents) => {
    if (traceparents.length === 0) return;
    const { span, route } = response.locals;
    if (span !== undefined) tracer.startSpan('answer', { parent: span, links: traceparents }).end();
    for (const traceparent of traceparents) {
      if (answered.has(traceparent)) continue;
      answered.set(traceparent, true);
      tracer
        .startSpan('first answer', {
          kind: 'server',
          parent: traceparent,
          ...(span !== undefined && { links: [span.traceparent] }),
          ...(route !== undefined && { attributes: { 'http.route': route } }),
        })
        .end();
    }
  };
}
