// One writer schema by its id, through @kafkajs/confluent-schema-registry: the schema, or why it cannot be used. What the library
// leaves open is closed here: requests without an end, and errors that do not tell "not there" from "away".

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { SchemaRegistry } from '@kafkajs/confluent-schema-registry';
import avsc, { type Schema, type Type } from 'avsc';
import { type ParsedAddress, parseAddress, type RegistryAddress, RegistryError } from './registry-http.ts';

/** Requests at a time: a batch of unknown ids must not look like an attack. */
const MAX_CONNECTIONS = 8;

export class RegistryReader {
  readonly #address: ParsedAddress;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent;

  constructor(address: RegistryAddress) {
    this.#address = parseAddress(address);
    this.#timeoutMs = address.timeoutMs;
    const settings = { keepAlive: true, maxSockets: MAX_CONNECTIONS };
    this.#agent = this.#address.base.startsWith('https:') ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  /**
   * The schema, every referenced type written out in it, or the reason why there is none that could be used.
   * @throws {RegistryError} when the registry does not answer, or not as one that has looked.
   */
  async find(id: number): Promise<Schema | string> {
    let type: unknown;
    try {
      type = await this.#withinTimeout(async (signal) => (await this.#client(signal)).getSchema(id));
    } catch (error) {
      const status = error instanceof Error && 'status' in error ? error.status : undefined;
      if (status === 404) return `schema ${id} is not known to the registry`;
      if (status !== undefined)
        throw new RegistryError(`schema ${id} cannot be fetched: ${messageOf(error)}`, undefined, { cause: error });
      return `schema ${id} of the registry cannot be used: ${messageOf(error)}`;
    }
    if (!avsc.Type.isType(type)) return `schema ${id} of the registry is no Avro schema`;
    return (type as Type).schema({ exportAttrs: true });
  }

  /** Ends its connections. */
  close(): void {
    this.#agent.destroy();
  }

  /**
   * A client per request: the library hands a request that never ends (a connection cut within the answer) to every later caller
   * for the same id. Its cache is not needed. Loaded when it is needed: 76 ms and 16 MB that the embedded engine does without.
   */
  async #client(signal: AbortSignal): Promise<SchemaRegistry> {
    const { SchemaRegistry } = await import('@kafkajs/confluent-schema-registry');
    const { base: host, username, password } = this.#address;
    return new SchemaRegistry({
      host,
      agent: this.#agent,
      // Repeating is the caller's: the library's own waits cannot be stopped.
      retry: { retries: 0 },
      middlewares: [() => ({ prepareRequest: async (next) => (await next()).enhance({ signal }) })],
      ...(username === undefined ? {} : { auth: { username, password: password ?? '' } }),
    });
  }

  async #withinTimeout<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const late = Promise.withResolvers<never>();
    // Gives the connection back; the library may never hear of it, so the promise is ended here.
    const stop = new AbortController();
    const timer = setTimeout(() => {
      late.reject(Object.assign(new Error(`no answer within ${this.#timeoutMs} ms`), { status: 408 }));
      stop.abort();
    }, this.#timeoutMs);
    try {
      return await Promise.race([request(stop.signal), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
