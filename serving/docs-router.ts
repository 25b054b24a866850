// The contract, for programs and for people: /v1/openapi.json, /docs, and an address behind every type of problem. Made once.
import express, { type Router } from 'express';
import { DOCS_POLICY, docsPage } from './docs-page.ts';
import { OPENAPI_PATH, openApiDocument } from './openapi.ts';
import { allowOnly, PROBLEM_KINDS } from './problem.ts';

/** A release's contract does not change; the next one's is asked for with a new tag of the process. */
const CACHE = 'public, max-age=300';

/** Serves without any list: also before the endpoint is ready. */
export function createDocsRouter(): Router {
  const router = express.Router();
  const document = openApiDocument();
  const text = JSON.stringify(document);
  const page = docsPage(document);

  router.get(OPENAPI_PATH, (_request, response) => {
    response.locals.route = OPENAPI_PATH;
    response.set({ 'cache-control': CACHE, 'content-type': 'application/json; charset=utf-8' }).send(text);
  });
  router.get('/docs', (_request, response) => {
    response.locals.route = '/docs';
    response.set({ 'cache-control': CACHE, 'content-security-policy': DOCS_POLICY });
    response.type('html').send(page);
  });
  router.get('/problems/:kind', (request, response, next) => {
    response.locals.route = '/problems/{kind}';
    const kind = PROBLEM_KINDS.find((one) => one === request.params.kind);
    if (kind === undefined) next();
    else response.redirect(303, `/docs#problem-${kind}`);
  });
  router.all([OPENAPI_PATH, '/docs'], allowOnly('GET'));
  return router;
}
