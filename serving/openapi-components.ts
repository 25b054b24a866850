// What the operations of the OpenAPI document share: schemas of answers and bodies, parameters, headers, keys. See openapi.ts.
import { z } from 'zod';
import { ANSWER_SCHEMAS } from './contract.ts';
import { PARAMETERS, type ParameterName } from './parameters.ts';
import { BATCH_COMMON, BATCH_REQUEST, LIST_ROUTES, MAX_BATCH_REQUESTS, STREAM_ROUTE } from './route-table.ts';

export interface Json {
  readonly [name: string]: unknown;
}

export interface OpenApiParameter {
  readonly name: string;
  readonly in: string;
  readonly description?: string;
  readonly schema: Json;
}

export interface OpenApiOperation extends Json {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly (OpenApiParameter | { readonly $ref: string })[];
  readonly responses: { readonly [status: string]: Json & { readonly description: string } };
}

/** As much of a document as its readers here need; the rest of it is plain JSON beside that. */
export interface OpenApi {
  readonly info: Json & { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: { readonly [path: string]: { readonly [method: string]: OpenApiOperation } };
  readonly components: Json & {
    readonly schemas: { readonly [name: string]: Json };
    readonly parameters: { readonly [name: string]: OpenApiParameter };
  };
}

export const ref = (kind: 'schemas' | 'headers' | 'parameters', name: string) => ({
  $ref: `#/components/${kind}/${name}`,
});

/** JSON Schema of a definition that names no other. */
export function inline(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input', override: dropReadOnly });
  return rest;
}

/** `readonly` is a promise to our own code; in OpenAPI the word would mean that callers may not send it. */
function dropReadOnly({ jsonSchema }: { readonly jsonSchema: { readOnly?: unknown } }): void {
  delete jsonSchema.readOnly;
}

/** The schemas of answers by their ids, which refer to each other. */
function schemas(): OpenApi['components']['schemas'] {
  const registry = z.registry<{ id?: string }>();
  const batch = z.strictObject({
    ...optional(BATCH_COMMON),
    requests: z
      .array(z.strictObject({ ...optional(BATCH_REQUEST), placement: PARAMETERS.placement.schema }))
      .min(1)
      .max(MAX_BATCH_REQUESTS),
  });
  for (const [id, schema] of Object.entries({ ...ANSWER_SCHEMAS, Batch: batch })) registry.add(schema, { id });
  const made = z.toJSONSchema(registry, {
    io: 'input',
    uri: (id) => `#/components/schemas/${id}`,
    override: dropReadOnly,
  });
  return Object.fromEntries(
    Object.entries(made.schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}

function optional(names: readonly ParameterName[]): { [name: string]: z.ZodType } {
  return Object.fromEntries(
    names.map((name) => [name, PARAMETERS[name].schema.optional().describe(PARAMETERS[name].text)]),
  );
}

function queryParameter(name: ParameterName): OpenApiParameter {
  const { schema, style, text } = PARAMETERS[name];
  const isList = style === 'repeated' || style === 'commas';
  return {
    name,
    in: 'query',
    description: text,
    schema: inline(schema),
    ...(isList && { style: 'form', explode: style === 'repeated' }),
  };
}

/** Every parameter that some address takes in its query. */
const ASKED = [...new Set([...LIST_ROUTES, STREAM_ROUTE].flatMap(({ parameters }) => parameters))];

const SHARED = {
  headers: {
    'X-Request-Id': {
      description: "The request's id: the caller's, where it was harmless, else a new one.",
      schema: { type: 'string' },
    },
    traceparent: {
      description: 'The span of this request, or where it is not traced that of the caller (W3C Trace Context).',
      schema: { type: 'string' },
    },
    'Server-Timing': {
      description: 'ms: `read` for the round trip to the list store, `total` for the answer.',
      schema: { type: 'string' },
    },
    ETag: { description: 'Changes when anything but the age changes.', schema: { type: 'string' } },
    'Cache-Control': { description: 'Shared caches keep nothing, browsers ask each time.', schema: { type: 'string' } },
    'Retry-After': { description: 'Seconds.', schema: { type: 'string' } },
    'RateLimit-Limit': { description: 'Requests of this key in a window.', schema: { type: 'string' } },
    'RateLimit-Remaining': { description: 'Those that are left in it.', schema: { type: 'string' } },
    'RateLimit-Reset': { description: 'Seconds to the next window.', schema: { type: 'string' } },
  },
  parameters: {
    ...Object.fromEntries(ASKED.map((name) => [name, queryParameter(name)])),
    'X-Request-Id': {
      name: 'X-Request-Id',
      in: 'header',
      description: '1 to 64 letters, digits, ".", "_" or "-"; anything else is replaced.',
      schema: { type: 'string' },
    },
    traceparent: {
      name: 'traceparent',
      in: 'header',
      description: "The caller's span (W3C Trace Context), which the request's continues.",
      schema: { type: 'string' },
    },
    'If-None-Match': {
      name: 'If-None-Match',
      in: 'header',
      description: 'The ETag of the list that the caller has.',
      schema: { type: 'string' },
    },
  },
};

/** `components` of the document. */
export function openApiComponents(): OpenApi['components'] {
  return {
    schemas: schemas(),
    ...SHARED,
    securitySchemes: {
      apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of `freshet keys create`.' },
    },
  };
}
