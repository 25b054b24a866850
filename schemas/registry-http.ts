// A schema registry over HTTP, in Confluent's interface, as far as registering needs it: subjects, versions, compatibility. The
// client library hides versions and cannot change a subject's compatibility, so this is written with fetch. Reading schemas by
// id is registry-source.ts.

import type { Schema } from 'avsc';

/** What a registry asks of a new version of a schema. */
export const compatibilityLevels = [
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
  'NONE',
] as const;

export type CompatibilityLevel = (typeof compatibilityLevels)[number];

/** Where a registry is. */
export interface RegistryAddress {
  /** http or https; name and password may stand in it. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Longest time that one request may take. */
  readonly timeoutMs: number;
}

/** The subject under which the values of a topic are registered, by its physical name. */
export const subjectOf = (topicName: string) => `${topicName}-value`;

/** A version of a subject. */
export interface RegisteredSchema {
  readonly id: number;
  readonly version: number;
  /** As JSON text. */
  readonly schema: string;
  /** `AVRO`, `JSON` or `PROTOBUF`. */
  readonly type: string;
}

/** The registry did not do what it was asked. The text names the request's path, never a password. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  /** HTTP status; `undefined` when there was no answer, or one that no registry gives. */
  readonly status: number | undefined;
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Base address without credentials and final slash, and the credentials. */
export interface ParsedAddress {
  readonly base: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** @throws {RegistryError} when the address is none. */
export function parseAddress({ url, username, password }: RegistryAddress): ParsedAddress {
  if (!URL.canParse(url) || !/^https?:/.test(url))
    throw new RegistryError('the address of the schema registry must begin with http:// or https://');
  const parsed = new URL(url);
  return {
    base: parsed.origin + parsed.pathname.replace(/\/+$/, ''),
    username: username ?? (parsed.username === '' ? undefined : decodeURIComponent(parsed.username)),
    password: password ?? (parsed.password === '' ? undefined : decodeURIComponent(parsed.password)),
  };
}

const CONTENT_TYPE = 'application/vnd.schemaregistry.v1+json';
/** How much of an error's text is repeated. */
const MAX_TEXT = 500;

/** Requests to one registry. Every method throws {@link RegistryError} when the registry is away or refuses. */
export class RegistryHttp {
  /** Base address, safe to be shown. */
  readonly base: string;
  readonly #headers: { readonly [name: string]: string };
  readonly #timeoutMs: number;

  constructor(address: RegistryAddress) {
    const { base, username, password } = parseAddress(address);
    this.base = base;
    this.#timeoutMs = address.timeoutMs;
    const credentials = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64');
    this.#headers = {
      accept: `${CONTENT_TYPE}, application/json`,
      'content-type': CONTENT_TYPE,
      ...(username === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
  }

  /** Resolves when a registry answers at the address and lets us in. */
  async ping(): Promise<void> {
    const subjects = await this.#request('GET', '/subjects');
    if (!Array.isArray(subjects)) throw new RegistryError(`no schema registry answers at ${this.base}`, 404);
  }

  /** The newest version; `undefined` when there is no such subject. */
  latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.#version('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`);
  }

  /** The version of the subject that is `schema`; `undefined` when none is. */
  lookUp(subject: string, schema: Schema): Promise<RegisteredSchema | undefined> {
    return this.#version('POST', `/subjects/${encodeURIComponent(subject)}`, { schema: JSON.stringify(schema) });
  }

  /** Makes `schema` the newest version. @throws {RegistryError} with status 409 when it is not compatible. */
  async register(subject: string, schema: Schema): Promise<void> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    await this.#request('POST', path, { schema: JSON.stringify(schema) });
  }

  /** The subject's own level; `undefined` when it follows the registry's. */
  async compatibility(subject: string): Promise<string | undefined> {
    const answer = await this.#found(this.#request('GET', `/config/${encodeURIComponent(subject)}`));
    return answer === undefined ? undefined : String(field(answer, 'compatibilityLevel'));
  }

  async setCompatibility(subject: string, level: CompatibilityLevel): Promise<void> {
    await this.#request('PUT', `/config/${encodeURIComponent(subject)}`, { compatibility: level });
  }

  async #version(method: string, path: string, body?: object): Promise<RegisteredSchema | undefined> {
    const answer = await this.#found(this.#request(method, path, body));
    if (answer === undefined) return undefined;
    return {
      id: Number(field(answer, 'id')),
      version: Number(field(answer, 'version')),
      schema: String(field(answer, 'schema')),
      type: String(field(answer, 'schemaType') ?? 'AVRO'),
    };
  }

  async #found(request: Promise<unknown>): Promise<unknown> {
    try {
      return await request;
    } catch (error) {
      if (error instanceof RegistryError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #request(method: string, path: string, body?: object): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.base + path, {
        method,
        headers: this.#headers,
        signal: AbortSignal.timeout(this.#timeoutMs),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw new RegistryError(`the schema registry at ${this.base} does not answer: ${reasonOf(cause)}`, undefined, {
        cause,
      });
    }
    const answer = parse(text);
    if (!response.ok) {
      const reason = String(field(answer, 'message') ?? (response.statusText || 'no reason given')).slice(0, MAX_TEXT);
      throw new RegistryError(
        `the schema registry answers ${response.status} to ${method} ${path}: ${reason}`,
        response.status,
      );
    }
    return answer;
  }
}

/** What stands behind a failed fetch: its own text says nothing but "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(answer: unknown, name: string): unknown {
  return typeof answer === 'object' && answer !== null && Object.hasOwn(answer, name)
    ? (answer as { readonly [name: string]: unknown })[name]
    : undefined;
}
