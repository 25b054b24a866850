// The endpoint's addresses, each with the parameters that it takes.
import { createHash } from 'node:crypto';
import express, { type Request, type Response, type Router } from 'express';
import { type ParameterName, type Parameters, parseId, parseParameters } from './parameters.ts';
import { allowOnly, ProblemError } from './problem.ts';
import type { Answer, Recommender } from './recommender.ts';

/** Whether this process can answer, and if not, why, in a few words. */
export type Readiness = () => { readonly isReady: boolean; readonly reason?: string | undefined };

/** What an entity tag is made of: everything but the age, which a reader can tell from `asOf` and its own clock. */
function entityTag(answer: Answer): string {
  const { ageMs: _, ...lasting } = answer;
  return `W/"${createHash('sha1').update(JSON.stringify(lasting)).digest('base64url')}"`;
}

function send(request: Request, response: Response, answer: Answer): void {
  // One shopper's list must not wait in a shared cache, and a stale one is worth nothing: asked each time, sent when it changed.
  const etag = entityTag(answer);
  response.set({ 'cache-control': 'private, no-cache', etag });
  // Not `request.fresh`: browsers add `Cache-Control: no-cache` to a fetch past their cache, which would make it never fresh.
  if (request.get('if-none-match') === etag) response.status(304).end();
  else response.json(answer);
}

/** Routes under `/v1`. Until `readiness` says so they answer 503 rather than with lists whose blocks are unknown. */
export function createListRouter(recommender: Recommender, readiness: Readiness): Router {
  const router = express.Router();
  router.use((_request, response, next) => {
    const { isReady, reason } = readiness();
    if (!isReady) {
      response.set('retry-after', '1');
      next(new ProblemError('not-ready', `Not ready: ${reason ?? 'starting'}. Try again in a second.`));
    } else {
      next();
    }
  });

  const route = <Path extends string>(
    path: Path,
    name: string,
    allowed: readonly ParameterName[],
    ask: (id: string, parameters: Parameters) => Promise<Answer>,
  ): void => {
    router.get(path, async (request, response) => {
      response.locals.route = name;
      const id: unknown = request.params['id' as keyof typeof request.params];
      const checked = typeof id === 'string' ? parseId(id, 'id') : '';
      const parameters = parseParameters(request.query, allowed);
      send(request, response, await ask(checked, parameters));
    });
    router.all(path, allowOnly('GET'));
  };

  const segments: readonly ParameterName[] = ['n', 'visitor', 'category', 'device', 'region', 'fields'];
  route('/visitors/:id/recommendations', 'recommendations', ['n', 'session', 'device', 'region', 'fields'], (id, p) =>
    recommender.forVisitor(id, p),
  );
  for (const definition of ['similar', 'bought-together'] as const) {
    route(`/items/:id/${definition}`, definition, ['n', 'visitor', 'device', 'region', 'fields'], (id, p) =>
      recommender.forItem(definition, id, p),
    );
  }
  for (const definition of ['popular', 'trending'] as const) {
    route(`/${definition}`, definition, segments, (_id, p) => recommender.forSegment(definition, p));
  }
  return router;
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
