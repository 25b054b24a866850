// What every request goes through before a route: an id to find it by, headers that keep browsers from guessing, a limit on the
// address, one duration in the metrics. Shared by all routers of the process.
import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Clock, Metrics } from '../engine/api/index.ts';
import { ProblemError, sendProblem } from './problem.ts';

/** Longest address (path and query). The longest valid one is an id and six parameters, percent-encoded: under 7,000. */
export const MAX_URL_BYTES = 8_192;

/** A request id from outside is kept when it is harmless in a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Takes `X-Request-Id` or makes one, answers with it and leaves it in `response.locals.requestId`. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  const id = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
  response.locals.requestId = id;
  response.set('x-request-id', id);
  next();
};

/** Headers that are right for every answer. A route that serves a page sets its own content security policy over this one. */
export const securityHeaders: RequestHandler = (_request, response, next) => {
  response.set({
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  });
  next();
};

/**
 * Refuses requests for other hosts than these (names without port). A page of another site whose name was made to point at this
 * machine (DNS rebinding) asks for its own host, and so gets nothing, though its browser takes us for that site.
 */
export function limitHosts(hosts: readonly string[]): RequestHandler {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (request, response, next) => {
    const name = (request.get('host') ?? '').toLowerCase().replace(/:\d+$/, '');
    if (allowed.has(name)) next();
    else sendProblem(response, new ProblemError('unknown-host', 'This host is not served here.'));
  };
}

/** Refuses an address that is too long before anything parses it. */
export const limitUrl: RequestHandler = (request, response, next) => {
  if (request.originalUrl.length > MAX_URL_BYTES) {
    sendProblem(response, new ProblemError('too-large', `The address is longer than ${MAX_URL_BYTES} bytes.`));
    return;
  }
  next();
};

/** Records the time from request to the last byte, by route name and class of status (`2xx`). */
export function measure(metrics: Metrics, clock: Clock): RequestHandler {
  const instruments = new Map<string, { record(value: number): void }>();
  return (_request, response, next) => {
    const startMs = clock.nowMs();
    response.once('finish', () => {
      const route: unknown = response.locals.route;
      const name = typeof route === 'string' ? route : 'other';
      const status = `${Math.floor(response.statusCode / 100)}xx`;
      const id = `${name} ${status}`;
      let histogram = instruments.get(id);
      if (histogram === undefined) {
        histogram = metrics.histogram('serving.request.duration.ms', { route: name, status });
        instruments.set(id, histogram);
      }
      histogram.record(clock.nowMs() - startMs);
    });
    next();
  };
}
