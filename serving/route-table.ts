// The addresses of lists, once: routes.ts answers at them, openapi.ts describes them, client.ts and the tests ask them.
import type { BUILT_IN_PLACEMENTS } from '../schemas/list-settings.ts';
import { PARAMETERS, type ParameterName } from './parameters.ts';

/** An address that answers with one list. */
export interface ListRoute {
  /** The operation's id. */
  readonly name: string;
  /** `{id}` is the owner's. Names the route in metrics and traces. */
  readonly path: string;
  /** What `{id}` names: the parameter that it stands for. */
  readonly owner?: 'visitor' | 'session' | 'item';
  /** The placement that answers where the request names none. */
  readonly placement: keyof typeof BUILT_IN_PLACEMENTS;
  readonly summary: string;
  readonly parameters: readonly ParameterName[];
}

const FILTERS: readonly ParameterName[] = [
  'category',
  'excludeCategory',
  'brand',
  'excludeBrand',
  'attribute',
  'excludeAttribute',
  'excludeItems',
  'minScore',
];
const CONTEXT: readonly ParameterName[] = ['device', 'region'];
const COMMON: readonly ParameterName[] = ['n', 'placement', ...CONTEXT, ...FILTERS, 'fields', 'after', 'strict'];

export const LIST_ROUTES: readonly ListRoute[] = [
  {
    name: 'visitor-recommendations',
    path: '/v1/visitors/{id}/recommendations',
    owner: 'visitor',
    placement: 'recommendations',
    summary: 'What a visitor may want next',
    parameters: ['session', 'inCart', ...COMMON],
  },
  {
    name: 'session-recommendations',
    path: '/v1/sessions/{id}/recommendations',
    owner: 'session',
    placement: 'recommendations',
    summary: 'What somebody who is known by a session alone may want next',
    parameters: ['visitor', 'inCart', ...COMMON],
  },
  {
    name: 'similar',
    path: '/v1/items/{id}/similar',
    owner: 'item',
    placement: 'similar-items',
    summary: 'Items that shoppers look at in one visit with an item',
    parameters: ['visitor', 'inCart', ...COMMON],
  },
  {
    name: 'bought-together',
    path: '/v1/items/{id}/bought-together',
    owner: 'item',
    placement: 'bought-together-items',
    summary: 'Items that are bought together with an item, or with a basket',
    parameters: ['visitor', 'inCart', ...COMMON],
  },
  {
    name: 'popular',
    path: '/v1/popular',
    placement: 'popular-items',
    summary: 'What sells, in a category, a region, on a device or everywhere',
    parameters: ['visitor', ...COMMON],
  },
  {
    name: 'trending',
    path: '/v1/trending',
    placement: 'trending-items',
    summary: 'What sells better than it used to',
    parameters: ['visitor', ...COMMON],
  },
  {
    name: 'recently-viewed',
    path: '/v1/visitors/{id}/recently-viewed',
    owner: 'visitor',
    placement: 'recently-viewed-items',
    summary: 'What a visitor looked at last, newest first; empty for who looked at nothing',
    parameters: COMMON,
  },
  {
    name: 'buy-again',
    path: '/v1/visitors/{id}/buy-again',
    owner: 'visitor',
    placement: 'buy-again-items',
    summary: 'What a visitor buys regularly and may need again; empty for who bought nothing',
    parameters: COMMON,
  },
];

/** The same list, sent again when it changes. A stream cannot turn into a 404, and says of itself what is in it. */
export const STREAM_ROUTE: ListRoute = {
  ...LIST_ROUTES[0]!,
  name: 'visitor-recommendations-stream',
  path: '/v1/visitors/{id}/recommendations/stream',
  summary: "A visitor's recommendations, and again whenever they change, as server-sent events",
  parameters: LIST_ROUTES[0]!.parameters.filter((name) => name !== 'strict' && name !== 'after'),
};

export const BATCH_PATH = '/v1/batch';
/** Placements of one page. */
export const MAX_BATCH_REQUESTS = 20;
/** Said once for all requests of a batch; a request may say otherwise. */
export const BATCH_COMMON: readonly ParameterName[] = ['visitor', 'session', ...CONTEXT];
/** What each request of a batch may say; `placement` it must. One request that finds nothing must not fail a page, so none is strict. */
export const BATCH_REQUEST: readonly ParameterName[] = (Object.keys(PARAMETERS) as ParameterName[]).filter(
  (name) => name !== 'strict',
);
