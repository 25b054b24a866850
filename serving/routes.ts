// Answers at the addresses of route-table.ts, each with the parameters that it takes.
import express, { type Request, type RequestHandler, type Response, type Router } from 'express';
import type { Tracer } from '../engine/api/index.ts';
import { parseBatch } from './batch.ts';
import { entityOf } from './entity.ts';
import { chain } from './http-edge.ts';
import type { LiveAnswers } from './live-answers.ts';
import { checkOf, parseId, parseParameters } from './parameters.ts';
import type { Question } from './plan.ts';
import { allowOnly, ProblemError } from './problem.ts';
import type { Recommendations, Recommender } from './recommender.ts';
import { linkLists, traceRequests } from './request-trace.ts';
import { BATCH_PATH, LIST_ROUTES, type ListRoute, STREAM_ROUTE } from './route-table.ts';

/** Whether this process can answer, and if not, why, in a few words. */
export type Readiness = () => { readonly isReady: boolean; readonly reason?: string | undefined };

export interface ListRouterOptions {
  readonly recommender: Recommender;
  readonly live: LiveAnswers;
  readonly tracer: Tracer;
  readonly readiness: Readiness;
}

/** Twenty requests with long lists of ids. */
const MAX_BODY_BYTES = 65_536;

/** The path as Express writes it. */
const expressPath = (path: string): string => path.replace('{id}', ':id');

/** What a request at an address asks. */
function questionReader({ owner, placement, parameters }: ListRoute): (request: Request) => Question {
  const check = checkOf(parameters);
  return (request) => {
    const id: unknown = request.params.id;
    const checked = typeof id === 'string' ? parseId(id, 'id') : undefined;
    const asked = parseParameters(request.query, parameters, check);
    return { placement, parameters: owner === undefined ? asked : { ...asked, [owner]: checked } };
  };
}

/** `Server-Timing`: what the list store took, and all of it. */
function timing({ readMs }: Recommendations, startMs: number): string {
  return `read;dur=${readMs.toFixed(2)}, total;dur=${(performance.now() - startMs).toFixed(2)}`;
}

/** Routes under `/v1`. Until `readiness` says so they answer 503 rather than with lists whose blocks are unknown. */
export function createListRouter({ recommender, live, tracer, readiness }: ListRouterOptions): Router {
  const router = express.Router();
  const checkReady: RequestHandler = (_request, response, next) => {
    const { isReady, reason } = readiness();
    if (!isReady) {
      response.set('retry-after', '1');
      next(new ProblemError('not-ready', `Not ready: ${reason ?? 'starting'}. Try again in a second.`));
    } else {
      next();
    }
  };
  router.use('/v1', chain([traceRequests(tracer), checkReady]));

  for (const route of LIST_ROUTES) {
    const path = expressPath(route.path);
    const read = questionReader(route);
    router.get(path, async (request, response) => {
      const startMs = performance.now();
      response.locals.route = route.name;
      const found = await recommender.ask([read(request)]);
      const { tag, text } = entityOf(found.answers[0]!);
      linkLists(tracer, response, found.traceparents);
      // One shopper's list must not wait in a shared cache, and a stale one is worth nothing: asked each time, sent when it changed.
      response.setHeader('cache-control', 'private, no-cache');
      response.setHeader('etag', tag);
      response.setHeader('server-timing', timing(found, startMs));
      // Not `request.fresh`: browsers add `Cache-Control: no-cache` to a fetch past their cache, which would make it never fresh.
      if (request.get('if-none-match')?.includes(tag) === true) response.status(304).end();
      else sendJson(response, text);
    });
    router.all(path, allowOnly('GET'));
  }

  const streamPath = expressPath(STREAM_ROUTE.path);
  const readStream = questionReader(STREAM_ROUTE);
  router.get(streamPath, async (request, response) => {
    response.locals.route = STREAM_ROUTE.name;
    const question = readStream(request);
    if (request.method === 'HEAD') response.type('text/event-stream').end();
    else await live.begin(request, response, question);
  });
  router.all(streamPath, allowOnly('GET'));

  router.post(BATCH_PATH, ...jsonBody, async (request, response) => {
    const startMs = performance.now();
    response.locals.route = 'batch';
    const found = await recommender.ask(parseBatch(request.body));
    linkLists(tracer, response, found.traceparents);
    response.set({ 'cache-control': 'no-store', 'server-timing': timing(found, startMs) });
    sendJson(response, JSON.stringify({ answers: found.answers }));
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

function sendJson(response: Response, text: string): void {
  const body = Buffer.from(text);
  // Not `response.send`, which would look at content type, length and tag once more.
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('content-length', body.length);
  response.end(body);
}

/** `/health/live`: the process turns. `/health/ready`: it can answer. Neither tells anything about its inside. */
export function createHealthRouter(readiness: Readiness): Router {
  const router = express.Router();
  router.get('/live', (_request, response) => {
    response.locals.route = 'health';
    response.set('cache-control', 'no-store').json({ status: 'live' });
  });
  router.get('/ready', (_request, response) => {
    response.locals.route = 'health';
    const { isReady, reason } = readiness();
    response.set('cache-control', 'no-store').status(isReady ? 200 : 503);
    response.json(isReady ? { status: 'ready' } : { status: 'not-ready', reason: reason ?? 'starting' });
  });
  router.all(['/live', '/ready'], allowOnly('GET'));
  return router;
}
