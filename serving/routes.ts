// Answers at the addresses of route-table.ts, each with the parameters that it takes.
import type { ParsedUrlQuery } from 'node:querystring';
import express, { type RequestHandler, type Router } from 'express';
import type { Tracer } from '../engine/api/index.ts';
import type { CountAnswer } from './answer-metrics.ts';
import { parseBatch } from './batch.ts';
import { entityOf } from './entity.ts';
import { chain, type EdgeResponse, type Handler } from './handler.ts';
import { edgeHeaders } from './http-edge.ts';
import type { ListAnswer } from './list-door.ts';
import type { LiveAnswers } from './live-answers.ts';
import { checkOf, parseId, parseParameters } from './parameters.ts';
import type { Question } from './plan.ts';
import { allowOnly, ProblemError } from './problem.ts';
import type { Recommendations, Recommender } from './recommender.ts';
import { type LinkLists, traceRequests } from './request-trace.ts';
import { BATCH_PATH, LIST_ROUTES, type ListRoute, STREAM_ROUTE } from './route-table.ts';

/** Whether this process can answer, and if not, why, in a few words. */
export type Readiness = () => { readonly isReady: boolean; readonly reason?: string | undefined };

export interface ListRouterOptions {
  readonly recommender: Recommender;
  readonly live: LiveAnswers;
  readonly link: LinkLists;
  readonly count: CountAnswer;
  /** What a request for a list goes through before it is answered. */
  readonly before: Handler;
  /** Of `createListAnswers`. */
  readonly answers: ReadonlyMap<string, ListAnswer>;
}

/** Twenty requests with long lists of ids. */
const MAX_BODY_BYTES = 65_536;

/** The path as Express writes it. */
const expressPath = (path: string): string => path.replace('{id}', ':id');

/** What a request at an address asks. */
function questionReader({ owner, placement, parameters }: ListRoute) {
  const check = checkOf(parameters);
  return (id: string | undefined, query: Readonly<Record<string, unknown>>): Question => {
    const checked = id === undefined ? undefined : parseId(id, 'id');
    const asked = parseParameters(query, parameters, check);
    return { placement, parameters: owner === undefined ? asked : { ...asked, [owner]: checked } };
  };
}

/** Express types a parameter as it could be in any path. */
const idOf = ({ id }: { readonly [name: string]: unknown }): string | undefined =>
  typeof id === 'string' ? id : undefined;

/** `Server-Timing`: what the list store took, and all of it. */
function timing({ readMs }: Recommendations, startMs: number): string {
  return `read;dur=${readMs.toFixed(2)}, total;dur=${(performance.now() - startMs).toFixed(2)}`;
}

/** Until `readiness` says so lists answer 503 rather than without what is blocked. */
export function beforeLists(tracer: Tracer, readiness: Readiness): Handler {
  const checkReady: Handler = (_request, response, next) => {
    const { isReady, reason } = readiness();
    if (isReady) return next();
    response.setHeader('retry-after', '1');
    next(new ProblemError('not-ready', `Not ready: ${reason ?? 'starting'}. Try again in a second.`));
  };
  return chain([traceRequests(tracer), checkReady]);
}

/** How lists are answered, by path. */
export function createListAnswers(
  recommender: Recommender,
  link: LinkLists,
  count: CountAnswer,
): ReadonlyMap<string, ListAnswer> {
  const answerAt = (route: ListRoute): ListAnswer => {
    const read = questionReader(route);
    return async (request, response, id, query) => {
      const startMs = performance.now();
      response.locals.route = route.path;
      const found = await recommender.ask([read(id, query)]);
      const [answer] = found.answers;
      count(answer!);
      const { tag, text } = entityOf(answer!);
      link(response, found.traceparents);
      const headers = edgeHeaders(response.locals);
      // One shopper's list must not wait in a shared cache, and a stale one is worth nothing: asked each time, sent when it changed.
      headers.push('cache-control', 'private, no-cache', 'etag', tag, 'server-timing', timing(found, startMs));
      // Not `request.fresh`: browsers add `Cache-Control: no-cache` to a fetch past their cache, which would make it never fresh.
      if (request.headers['if-none-match']?.includes(tag) === true) response.writeHead(304, headers).end();
      else sendJson(response, headers, text);
    };
  };
  return new Map(LIST_ROUTES.map((route) => [route.path, answerAt(route)]));
}

/** Routes under `/v1`. */
export function createListRouter({ recommender, live, link, count, before, answers }: ListRouterOptions): Router {
  const router = express.Router();
  router.use('/v1', before);

  for (const [listPath, answer] of answers) {
    const path = expressPath(listPath);
    router.get(path, (request, response) =>
      answer(request, response, idOf(request.params), request.query as ParsedUrlQuery),
    );
    router.all(path, allowOnly('GET'));
  }

  const streamPath = expressPath(STREAM_ROUTE.path);
  const readStream = questionReader(STREAM_ROUTE);
  router.get(streamPath, async (request, response) => {
    response.locals.route = STREAM_ROUTE.path;
    const question = readStream(idOf(request.params), request.query);
    if (request.method === 'HEAD') response.type('text/event-stream').end();
    else await live.begin(request, response, question);
  });
  router.all(streamPath, allowOnly('GET'));

  router.post(BATCH_PATH, ...jsonBody, async (request, response) => {
    const startMs = performance.now();
    response.locals.route = BATCH_PATH;
    const found = await recommender.ask(parseBatch(request.body));
    for (const answer of found.answers) count(answer);
    link(response, found.traceparents);
    const headers = [...edgeHeaders(response.locals), 'cache-control', 'no-store'];
    headers.push('server-timing', timing(found, startMs));
    sendJson(response, headers, `{"answers":[${found.answers.map((answer) => entityOf(answer).text).join()}]}`);
  });
  router.all(BATCH_PATH, allowOnly('POST'));
  return router;
}

const jsonBody: readonly RequestHandler[] = [
  (request, _response, next) => {
    const isJson = request.is('application/json') !== false;
    next(isJson ? undefined : new ProblemError('unsupported-media-type', 'Send application/json.'));
  },
  express.json({ limit: MAX_BODY_BYTES, type: 'application/json' }),
];

/** Not `response.send`, which would look at content type, length and tag once more. @param headers names and values in turns */
function sendJson(response: EdgeResponse, headers: string[], text: string): void {
  const bytes = Buffer.byteLength(text);
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', String(bytes));
  // What is ASCII is sent as it lies in memory.
  response.writeHead(200, headers).end(text, bytes === text.length ? 'latin1' : 'utf8');
}

/**
 * `/health/live`: the process turns. `/health/ready`: it can answer. Neither tells anything about its inside.
 * @param isLive Whether the processes turn that this one speaks for. @defaultValue it speaks for none
 */
export function createHealthRouter(readiness: Readiness, isLive: () => boolean = () => true): Router {
  const router = express.Router();
  router.get('/live', (_request, response) => {
    response.locals.route = '/health/live';
    const lives = isLive();
    response.set('cache-control', 'no-store').status(lives ? 200 : 503);
    response.json({ status: lives ? 'live' : 'not-live' });
  });
  router.get('/ready', (_request, response) => {
    response.locals.route = '/health/ready';
    const { isReady, reason } = readiness();
    response.set('cache-control', 'no-store').status(isReady ? 200 : 503);
    response.json(isReady ? { status: 'ready' } : { status: 'not-ready', reason: reason ?? 'starting' });
  });
  router.all(['/live', '/ready'], allowOnly('GET'));
  return router;
}
