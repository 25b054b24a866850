// Routes of the console: the page itself, the live view of the engine, and the demo shop that is behind the page (its catalog and its
// intake). The page reads recommendations by the public API, never from here.
import { join } from 'node:path';
import express, { type RequestHandler, type Router } from 'express';
import { parseId } from '../../serving/parameters.ts';
import { allowOnly, ProblemError } from '../../serving/problem.ts';
import { createLiveStream } from './live-stream.ts';
import type { ConsolePorts } from './ports.ts';
import { parseRate, parseShopEvent } from './shop-event.ts';

/** Products on a page of the catalog. */
export const PAGE_SIZE = 24;
const MAX_PAGE = 10_000;
/** The largest event is an order of 50 lines. */
const MAX_BODY_BYTES = 32_768;

/** Everything from this host, no inline code or style, nothing embedded, framed by nobody. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A browser says where a request comes from; one from another site may not write, not even to a loopback address. */
const sameOrigin: RequestHandler = (request, _response, next) => {
  const origin = request.get('origin');
  const site = request.get('sec-fetch-site');
  const foreign =
    (site !== undefined && site !== 'same-origin' && site !== 'none') ||
    (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.get('host')));
  next(foreign ? new ProblemError('cross-origin', 'The shop takes events from its own page only.') : undefined);
};

const json: RequestHandler[] = [
  (request, _response, next) => {
    const ok = request.is('application/json') !== false;
    next(ok ? undefined : new ProblemError('unsupported-media-type', 'Send application/json.'));
  },
  express.json({ limit: MAX_BODY_BYTES, type: 'application/json' }),
];

/** Names the route for the metrics. */
const route = (name: string): RequestHandler => {
  return (_request, response, next) => {
    response.locals.route = name;
    next();
  };
};

const textOf = (query: Readonly<Record<string, unknown>>, name: string): string | undefined => {
  const value = query[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new ProblemError('invalid-parameter', `${name} may be given only once.`, name);
  return parseId(value, name);
};

function pageOf(query: Readonly<Record<string, unknown>>): number {
  const text = textOf(query, 'page') ?? '1';
  const page = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (page < 1 || page > MAX_PAGE) {
    throw new ProblemError('invalid-parameter', `page must be a whole number from 1 to ${MAX_PAGE}.`, 'page');
  }
  return page;
}

/** The console's routes. `close` ends the live streams, which would otherwise hold a graceful stop until its deadline. */
export function createConsoleRouter(ports: ConsolePorts): { readonly router: Router; close(): void } {
  const { shop } = ports;
  const router = express.Router();
  const stream = createLiveStream(() => ports.engine());

  router.use(['/console', '/shop'], (_request, response, next) => {
    response.set('cache-control', 'no-store');
    next();
  });

  router.get('/console/engine', route('/console/engine'), (_request, response) => {
    response.json(stream.current());
  });
  router.all('/console/engine', allowOnly('GET'));

  router.get('/console/stream', route('/console/stream'), (request, response) => stream.watch(request, response));
  router.all('/console/stream', allowOnly('GET'));

  router.get('/console/catalog', route('/console/catalog'), (request, response) => {
    const page = pageOf(request.query);
    const { products, total } = shop.catalog.find({
      category: textOf(request.query, 'category'),
      query: textOf(request.query, 'q'),
      skip: (page - 1) * PAGE_SIZE,
      limit: PAGE_SIZE,
    });
    const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
    response.json({ categories: shop.catalog.categories(), products, total, page, pages });
  });
  router.all('/console/catalog', allowOnly('GET'));

  router.get('/console/catalog/:id', route('/console/catalog/{id}'), (request, response) => {
    const product = shop.catalog.product(parseId(String(request.params.id), 'id'));
    if (product === undefined) throw new ProblemError('not-found', 'The shop has no product with this id.');
    response.json(product);
  });
  router.all('/console/catalog/:id', allowOnly('GET'));

  router.post('/shop/events', route('/shop/events'), sameOrigin, ...json, async (request, response) => {
    const event = parseShopEvent(request.body, ports.clock.nowMs());
    const { eventId } = await shop.accept(event);
    response.status(202).json({ eventId, at: event.at });
  });
  router.all('/shop/events', allowOnly('POST'));

  router.post('/shop/rate', route('/shop/rate'), sameOrigin, ...json, (request, response) => {
    if (shop.setRate === undefined) throw new ProblemError('not-found', 'No simulated shop runs here.');
    const eventsPerSecond = parseRate(request.body);
    shop.setRate(eventsPerSecond);
    ports.logger.info('simulated-rate-changed', { eventsPerSecond });
    response.json({ eventsPerSecond });
  });
  router.all('/shop/rate', allowOnly('POST'));

  router.use(
    express.static(join(import.meta.dirname, 'public'), {
      // Files keep their names from version to version, so a browser asks each time and gets 304 by the ETag.
      cacheControl: false,
      setHeaders: (response) => {
        response.setHeader('cache-control', 'no-cache');
        response.setHeader('content-security-policy', PAGE_POLICY);
      },
    }),
  );
  return { router, close: () => stream.close() };
}
