// What every request goes through before a route: an id to find it by, headers that keep browsers from guessing, a limit on the
// address, one duration in the metrics. Shared by all routers of the process.
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Clock, Metrics } from '../engine/api/index.ts';
import { ProblemError, sendProblem } from './problem.ts';

/** Longest address (path and query). The longest valid one is an id and six parameters, percent-encoded: under 7,000. */
export const MAX_URL_BYTES = 8_192;

/** A request id from outside is kept when it is harmless in a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Handlers one after the other, as one: Express's router takes about a microsecond for each that it calls itself, and these are called for
 * every request. They do not wait for anything.
 */
export function chain(handlers: readonly RequestHandler[]): RequestHandler {
  return (request, response, next) => {
    let called = 0;
    const step = (error?: unknown): void => {
      const handler = handlers[called++];
      if (error !== undefined) next(error);
      else if (handler === undefined) next();
      else void handler(request, response, step);
    };
    step();
  };
}

/** A router that is asked only where the path can be one of its own: one comparison in place of one for each of its routes. */
export function onlyFor(path: RegExp, router: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (path.test(request.url)) router(request, response, next);
    else next();
  };
}

/** Takes `X-Request-Id` or makes one, answers with it and leaves it in `response.locals.requestId`. */
export const requestId: RequestHandler = (request, response, next) => {
  const given = request.get('x-request-id');
  const id = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
  response.locals.requestId = id;
  response.setHeader('x-request-id', id);
  next();
};

/**
 * Headers that are right for every answer, by helmet. A route that serves a page sets its own content security policy over this one. They are the
 * same for each answer, so helmet is asked once and not a dozen of its functions for every request.
 */
export function securityHeaders(): RequestHandler {
  const sample = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    frameguard: { action: 'deny' },
  })(sample.req, sample, () => {});
  sample.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  const headers = Object.entries(sample.getHeaders()) as [name: string, value: string][];
  return (_request, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };
}

/**
 * Lets pages of these origins read answers; a browser keeps answers from all others. Without origins no header is sent at all.
 * @param origins e.g. `https://shop.example`
 */
export function allowOrigins(origins: readonly string[]): RequestHandler {
  return cors({
    origin: [...origins],
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: ['authorization', 'content-type', 'if-none-match', 'traceparent', 'x-request-id'],
    exposedHeaders: [
      'etag',
      'ratelimit-limit',
      'ratelimit-remaining',
      'ratelimit-reset',
      'retry-after',
      'server-timing',
      'x-request-id',
    ],
    maxAge: 600,
  });
}

/**
 * Refuses requests for other hosts than these (names without port). A page of another site whose name was made to point at this
 * machine (DNS rebinding) asks for its own host, and so gets nothing, though its browser takes us for that site.
 */
export function limitHosts(hosts: readonly string[]): RequestHandler {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (request, response, next) => {
    const name = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
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
