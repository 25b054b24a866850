// The serving endpoint put together: edge, routes, errors. Read-only: it has no way to write to the list port but the port's own
// `publish`, which nothing here calls.
import type { RequestListener } from 'node:http';
import express, { type Router } from 'express';
import { type Clock, type Logger, type Metrics, silentTracer, type Tracer } from '../engine/api/index.ts';
import type { ListStore } from '../lists/index.ts';
import { answerCounter } from './answer-metrics.ts';
import { createCampaignRules } from './campaign-rules.ts';
import { createDocsRouter } from './docs-router.ts';
import { chain } from './handler.ts';
import { allowOrigins, createEntrance, limitHosts, limitUrl, onlyFor, setEdgeHeaders } from './http-edge.ts';
import { createListDoor } from './list-door.ts';
import { LiveAnswers } from './live-answers.ts';
import { createPlacements } from './placements.ts';
import { notFound, problemHandler, sendFailure } from './problem.ts';
import { createRecommender } from './recommender.ts';
import { createListLinks } from './request-trace.ts';
import { createResilientLists } from './resilience/resilient-lists.ts';
import { beforeLists, createHealthRouter, createListAnswers, createListRouter, type Readiness } from './routes.ts';
import { type AuthorizeOptions, authorize } from './security/authorize.ts';
import { createSharedItems } from './shared-items.ts';

/** For a list store in the same process, which is away only when the process is. */
const DEFAULT_READ_TIMEOUT_MS = 1_000;
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024;

/** What the endpoint needs. */
export interface ServingOptions {
  readonly lists: ListStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** @defaultValue traces nothing */
  readonly tracer?: Tracer;
  /** Of the process around it, e.g. whether its state is restored. Asked at every request. */
  readonly readiness: Readiness;
  /** How long the list store may take for an answer, ms. @defaultValue 1000 */
  readonly readTimeoutMs?: number;
  /** Memory for last good values, bytes. @defaultValue 32 MiB */
  readonly cacheBytes?: number;
  /** How long lists of segments are answered with before they are read again, ms. @defaultValue 0 */
  readonly sharedMaxAgeMs?: number;
  /** The file of what everybody is answered with, for a start while the store is away. */
  readonly rememberedFile?: string;
  /** Host names that are served, without port; `undefined`: any, as behind a proxy. */
  readonly hosts?: readonly string[] | undefined;
  /** API keys and their limits; `undefined`: whoever reaches the endpoint may ask. */
  readonly access?: Pick<AuthorizeOptions, 'keys' | 'limits'> | undefined;
  /** Origins of pages that may read answers, e.g. `https://shop.example`; `undefined`: none but our own. */
  readonly origins?: readonly string[] | undefined;
  /** Further routers of the same process, e.g. the console's. Mounted at the root, after the endpoint's own. */
  readonly routers?: readonly Router[];
}

/** The endpoint. Close it after the HTTP server has stopped. */
export interface ServingApp {
  /** For `startHttpServer`. */
  readonly handler: RequestListener;
  /** Loads what is kept in memory, for some seconds at most. Until it has resolved, lists answer 503. */
  open(): Promise<void>;
  readonly readiness: Readiness;
  /** Ends live streams, which would otherwise hold a graceful stop until its deadline. Before the HTTP server stops. */
  drain(): void;
  /** Ends live streams, which begin anew with the app that answers then. */
  endStreams(): void;
  close(): Promise<void>;
}

/** Makes the endpoint: `/v1/...`, `/health/live`, `/health/ready`. */
export function createServingApp(options: ServingOptions): ServingApp {
  const { clock, logger, metrics, tracer = silentTracer } = options;
  const lists = createResilientLists({
    ...options,
    timeoutMs: options.readTimeoutMs ?? DEFAULT_READ_TIMEOUT_MS,
    cacheBytes: options.cacheBytes ?? DEFAULT_CACHE_BYTES,
    sharedMaxAgeMs: options.sharedMaxAgeMs ?? 0,
    file: options.rememberedFile,
  });
  const items = createSharedItems({ lists, logger });
  const campaigns = createCampaignRules({ lists, logger });
  const placements = createPlacements({ lists, logger });
  const recommender = createRecommender({ reader: lists, items, campaigns, placements, clock, metrics, logger });
  const count = answerCounter(metrics);
  const live = new LiveAnswers({ lists: options.lists, recommender, logger, count });
  let isOpen = false;
  /** Whether lists may be asked for. A store that is away does not matter to shoppers: then answers are made of what is remembered. */
  const answering: Readiness = () =>
    isOpen ? options.readiness() : { isReady: false, reason: 'reading item cards, blocks and campaigns' };
  const readiness: Readiness = () => {
    const own = answering();
    return own.isReady && !lists.isKnown ? { isReady: false, reason: 'the list store is away' } : own;
  };
  metrics.gauge('freshet.ready', () => Number(readiness().isReady));
  metrics.gauge('freshet.items.blocked', () => items.blockedCount);
  metrics.gauge('freshet.live_streams', () => live.count);

  const hosts = options.hosts === undefined ? [] : [limitHosts(options.hosts)];
  const origins = options.origins === undefined ? [] : [allowOrigins(options.origins)];
  const access = options.access === undefined ? [] : [authorize({ ...options.access, clock, metrics })];
  const before = beforeLists(tracer, answering);
  const link = createListLinks(tracer);
  const answers = createListAnswers(recommender, link, count);
  const app = express();
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.use(chain([limitUrl, ...hosts]));
  app.use('/health', createHealthRouter(readiness));
  app.use(onlyFor(/^\/(docs|problems|v1\/openapi)/i, createDocsRouter()));
  for (const handler of [...origins, ...access]) app.use('/v1', handler);
  app.use(createListRouter({ recommender, live, link, count, before, answers }));
  for (const router of options.routers ?? []) app.use(router);
  app.use(notFound);
  app.use(problemHandler(logger));

  const enter = createEntrance(metrics);
  const listDoor = createListDoor({
    answers,
    before: chain([...hosts, ...origins, ...access, before]),
    fail(error, response) {
      // Half an answer is worse than none: the caller sees that the connection broke.
      if (response.headersSent) return void response.destroy();
      setEdgeHeaders(response);
      sendFailure(error, response, logger);
    },
  });
  return {
    handler(request, response) {
      const entered = enter(request, response);
      listDoor(request, entered, () => {
        setEdgeHeaders(entered);
        app(request, entered);
      });
    },
    async open() {
      await lists.open();
      await Promise.all([placements.open(), campaigns.open(), items.open()]);
      await lists.warm();
      isOpen = true;
    },
    readiness,
    drain: () => live.drain(),
    endStreams: () => live.endAll(),
    close: () => lists.close(),
  };
}
