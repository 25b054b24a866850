// The endpoint's contract as an OpenAPI 3.1 document, made of the definitions that validate: parameters.ts, contract.ts, route-table.ts.
// docs/openapi.json is this document, held against it by `npm run docs:check`.
import {
  inline,
  type Json,
  type OpenApi,
  type OpenApiOperation,
  openApiComponents,
  ref,
} from './openapi-components.ts';
import { type ParameterName, parameterId } from './parameters.ts';
import { PROBLEM_KINDS, type ProblemKind, problemKind } from './problem.ts';
import { BATCH_PATH, LIST_ROUTES, type ListRoute, STREAM_ROUTE } from './route-table.ts';

/** Version of the contract: a new one in front for a breaking change, which the path then says too. */
const CONTRACT_VERSION = '1.0.0';
export const OPENAPI_PATH = '/v1/openapi.json';

const queryParameters = (names: readonly ParameterName[]) => names.map((name) => ref('parameters', name));

const OWNERS = {
  visitor: 'The visitor, as events name them. One that is not known gets what is popular.',
  session: 'The session, as events name it.',
  item: 'The item, as the catalog names it.',
} as const;

function pathParameters({ owner }: ListRoute) {
  if (owner === undefined) return [];
  return [{ name: 'id', in: 'path', required: true, description: OWNERS[owner], schema: inline(parameterId) }];
}

/** Answers that a request may get besides 200, by status. */
function problems(kinds: readonly ProblemKind[]): OpenApiOperation['responses'] {
  const byStatus = new Map<number, ProblemKind[]>();
  for (const kind of kinds) {
    const { status } = problemKind(kind);
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  const responses = [...byStatus].map(([status, of]) => {
    const description = of.map((kind) => `\`/problems/${kind}\`: ${problemKind(kind).title}.`).join(' ');
    const retry = status === 503 || status === 429 ? { headers: { 'Retry-After': ref('headers', 'Retry-After') } } : {};
    return [
      String(status),
      { description, ...retry, content: { 'application/problem+json': { schema: ref('schemas', 'Problem') } } },
    ];
  });
  return Object.fromEntries(responses);
}

const ALWAYS: readonly ProblemKind[] = [
  'unauthorized',
  'forbidden',
  'unknown-host',
  'too-large',
  'rate-limited',
  'internal',
  'not-ready',
];
const OF_LISTS: readonly ProblemKind[] = [
  'invalid-parameter',
  'unknown-parameter',
  'not-found',
  'nothing-own',
  ...ALWAYS,
];
/** With a key only. */
const LIMITS = Object.fromEntries(
  ['RateLimit-Limit', 'RateLimit-Remaining', 'RateLimit-Reset'].map((name) => [name, ref('headers', name)]),
);
const TRACED = {
  'X-Request-Id': ref('headers', 'X-Request-Id'),
  traceparent: ref('headers', 'traceparent'),
  ...LIMITS,
};
const TIMED = { ...TRACED, 'Server-Timing': ref('headers', 'Server-Timing') };
const REQUEST_HEADERS = [ref('parameters', 'X-Request-Id'), ref('parameters', 'traceparent')];

function listOperation(route: ListRoute): OpenApiOperation {
  const { name, summary, placement, parameters } = route;
  return {
    operationId: name,
    summary,
    description: `Without \`placement\`: that of \`${placement}\`.`,
    tags: ['Lists'],
    parameters: [
      ...pathParameters(route),
      ...queryParameters(parameters),
      ...REQUEST_HEADERS,
      ref('parameters', 'If-None-Match'),
    ],
    responses: {
      200: {
        description: 'The list.',
        headers: { ...TIMED, ETag: ref('headers', 'ETag'), 'Cache-Control': ref('headers', 'Cache-Control') },
        content: { 'application/json': { schema: ref('schemas', 'Answer') } },
      },
      304: { description: 'The list that `If-None-Match` names still stands.' },
      ...problems(OF_LISTS),
    },
  };
}

function streamOperation(route: ListRoute): OpenApiOperation {
  return {
    operationId: route.name,
    summary: route.summary,
    description:
      'Each event is an Answer as JSON, its id an entity tag; with `Last-Event-ID` the first is left out where it has not changed. A comment every 15 s keeps the connection open. When the stream ends, connect again.',
    tags: ['Lists'],
    parameters: [...pathParameters(route), ...queryParameters(route.parameters), ...REQUEST_HEADERS],
    responses: {
      200: {
        description: 'Answers, as long as the connection lasts.',
        headers: TRACED,
        content: { 'text/event-stream': { schema: { type: 'string' } } },
      },
      ...problems([...OF_LISTS.filter((kind) => kind !== 'nothing-own'), 'too-many']),
    },
  };
}

function batchOperation(): OpenApiOperation {
  return {
    operationId: 'batch',
    summary: 'Several placements of one page, read in one round trip',
    description:
      'What stands beside `requests` counts for all of them, as far as a request does not say otherwise. A problem names its request, e.g. `requests[0].n`.',
    tags: ['Lists'],
    parameters: REQUEST_HEADERS,
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: ref('schemas', 'Batch'),
          example: {
            visitor: 'v1',
            requests: [
              { placement: 'recommendations', n: 6, fields: ['title', 'price'] },
              { placement: 'similar-items', item: '22423' },
            ],
          },
        },
      },
    },
    responses: {
      200: {
        description: 'An answer for each request.',
        headers: TIMED,
        content: { 'application/json': { schema: ref('schemas', 'BatchAnswer') } },
      },
      ...problems(['invalid-body', 'unsupported-media-type', ...OF_LISTS.filter((kind) => kind !== 'nothing-own')]),
    },
  };
}

function healthOperation(id: string, summary: string, statuses: readonly number[]): OpenApiOperation {
  const schema = {
    type: 'object',
    properties: { status: { type: 'string' }, reason: { type: 'string' } },
    required: ['status'],
  };
  const content = { 'application/json': { schema } };
  const described = (status: number) => ({
    description: status === 200 ? 'It does.' : 'It does not, and why.',
    content,
  });
  return {
    operationId: id,
    summary,
    tags: ['Health'],
    security: [],
    responses: Object.fromEntries(statuses.map((status) => [String(status), described(status)])),
  };
}

/** The whole document. */
export function openApiDocument(): OpenApi & Json {
  const lists = LIST_ROUTES.map((route) => [route.path, { get: listOperation(route) }]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Freshet',
      version: CONTRACT_VERSION,
      description:
        'Recommendations that hold what a shopper did a moment ago. Readers must take fields and reasons that they do not know: new ones may be added.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // Where no keys are set up, on a loopback address, none is needed.
    security: [{ apiKey: [] }, {}],
    tags: [
      { name: 'Lists', description: 'What to show whom.' },
      { name: 'Health', description: 'For load balancers and orchestrators.' },
    ],
    paths: {
      ...Object.fromEntries(lists),
      [STREAM_ROUTE.path]: { get: streamOperation(STREAM_ROUTE) },
      [BATCH_PATH]: { post: batchOperation() },
      '/health/live': { get: healthOperation('live', 'Whether the process turns', [200]) },
      '/health/ready': { get: healthOperation('ready', 'Whether it can answer', [200, 503]) },
    },
    components: openApiComponents(),
  };
}

/** Every kind of problem with its status and title, for the page. */
export function problemTable(): readonly {
  readonly kind: ProblemKind;
  readonly status: number;
  readonly title: string;
}[] {
  return PROBLEM_KINDS.map((kind) => ({ kind, ...problemKind(kind) }));
}
