// What every request goes through before a route: an id to find it by, headers that keep browsers from guessing, a limit on the
// address, one duration in the metrics. Shared by all routers of the process.
import { randomUUID } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';
import type { Metrics } from '../engine/api/index.ts';
import { addressOf, type EdgeRequest, type EdgeResponse, type Handler, type Locals } from './handler.ts';
import { ProblemError } from './problem.ts';
import { requestRecorder } from './request-metrics.ts';

/** Longest address (path and query). The longest valid one is an id and six parameters, percent-encoded: under 7,000. */
export const MAX_URL_BYTES = 8_192;

/** A request id from outside is kept when it is harmless in a log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** A router that is asked only where the path can be one of its own: one comparison in place of one for each of its routes. */
export function onlyFor(path: RegExp, router: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if (path.test(request.url)) router(request, response, next);
    else next();
  };
}

/** Takes `X-Request-Id` or makes one. */
function requestIdOf({ headers }: EdgeRequest): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Names and values in turns, as `writeHead` takes them. */
export type HeaderList = readonly string[];

/**
 * Headers that are right for every answer, by helmet. A route that serves a page sets its own content security policy over this one. They are the
 * same for each answer, so helmet is asked once and not a dozen of its functions for every request.
 */
function securityHeaders(): HeaderList {
  const sample = new ServerResponse(new IncomingMessage(new Socket()));
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
    },
    frameguard: { action: 'deny' },
  })(sample.req, sample, () => {});
  sample.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  return Object.entries(sample.getHeaders()).flatMap(([name, value]) => [name, String(value)]);
}

const SECURITY_HEADERS = securityHeaders();

/** The headers of every answer, for `writeHead`. */
export function edgeHeaders({ requestId }: Locals): string[] {
  return ['x-request-id', requestId ?? '', ...SECURITY_HEADERS];
}

/** Sets the headers of every answer, for handlers that set their own over them. */
export function setEdgeHeaders(response: EdgeResponse): void {
  const headers = edgeHeaders(response.locals);
  for (let i = 0; i < headers.length; i += 2) response.setHeader(headers[i]!, headers[i + 1]!);
}

/**
 * Lets pages of these origins read answers; a browser keeps answers from all others. Without origins no header is sent at all.
 * @param origins e.g. `https://shop.example`
 */
export function allowOrigins(origins: readonly string[]): Handler {
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
export function limitHosts(hosts: readonly string[]): Handler {
  const allowed = new Set(hosts.map((host) => host.toLowerCase()));
  return (request, _response, next) => {
    const name = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
    next(allowed.has(name) ? undefined : new ProblemError('unknown-host', 'This host is not served here.'));
  };
}

/** Refuses an address that is too long before anything parses it. */
export const limitUrl: Handler = (request, _response, next) => {
  const isTooLong = addressOf(request).length > MAX_URL_BYTES;
  next(isTooLong ? new ProblemError('too-large', `The address is longer than ${MAX_URL_BYTES} bytes.`) : undefined);
};

/** Begins every request: gives it its id, and has its duration recorded. */
export function createEntrance(metrics: Metrics): (request: EdgeRequest, response: ServerResponse) => EdgeResponse {
  const finished = requestRecorder(metrics);
  return (request, response) => {
    const locals: Locals = { requestId: requestIdOf(request), startMs: performance.now() };
    const entered = Object.assign(response, { locals });
    entered.on('finish', finished);
    return entered;
  };
}
