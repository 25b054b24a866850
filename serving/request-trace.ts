// A span for each request that its caller samples, which continues the caller's trace, and one behind it that links to the traces of the lists in the answer: so a shopper's
// page view leads to the events that its lists were made from.
import { isSampled, parseTraceparent, TRACEPARENT, type Tracer } from '../engine/api/index.ts';
import type { EdgeResponse, Handler } from './handler.ts';

/**
 * Answers with `traceparent`: the request's span, or where the request is not traced what the caller sent, so that the trace goes on with
 * whoever asks next.
 */
export function traceRequests(tracer: Tracer): Handler {
  return (request, response, next) => {
    const given = request.headers[TRACEPARENT];
    const parent = typeof given === 'string' && parseTraceparent(given) !== undefined ? given : undefined;
    if (!tracer.isEnabled || parent === undefined || !isSampled(parent)) {
      if (parent !== undefined) response.setHeader(TRACEPARENT, parent);
      next();
      return;
    }
    const span = tracer.startSpan('serve', { kind: 'server', parent });
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

/** Links the request's span to those under which the answer's lists were made. */
export function linkLists(tracer: Tracer, response: EdgeResponse, traceparents: readonly string[]): void {
  const parent = response.locals.span;
  if (parent !== undefined && traceparents.length > 0)
    tracer.startSpan('answer', { parent, links: traceparents }).end();
}
