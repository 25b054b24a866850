// A schema registry as a test wants it: answers by a table, counts requests, cuts and delays.

import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** What the registry does with a request: an answer, or nothing good. */
export type Answer =
  | { readonly status: number; readonly body: unknown }
  /** The connection ends in the middle of the answer. */
  | 'cut'
  /** No answer ever. */
  | 'silent';

export interface FakeRegistry {
  readonly url: string;
  /** Answers by id. Ids that are not here are unknown. */
  readonly schemas: Map<number, Answer>;
  /** Takes every request over while it is there. */
  outage: Answer | undefined;
  /** Requests so far, `GET /schemas/ids/7`. */
  readonly requests: string[];
  /** The authorization header of the newest request. */
  readonly authorization: string | undefined;
}

export const schemaAnswer = (schema: unknown, schemaType?: string): Answer => ({
  status: 200,
  body: { schema: typeof schema === 'string' ? schema : JSON.stringify(schema), schemaType },
});

/** Every contract is registered, the id of each subject is its place in the alphabet, from 1. */
export async function fakeRegistry(t: TestContext, subjects: readonly string[]): Promise<FakeRegistry> {
  const schemas = new Map<number, Answer>();
  const requests: string[] = [];
  let outage: Answer | undefined;
  let authorization: string | undefined;
  const server = createServer((request, response) => {
    const path = request.url!;
    requests.push(`${request.method} ${path}`);
    authorization = request.headers.authorization;
    answer(response, outage ?? answerTo(path, subjects, schemas));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    schemas,
    requests,
    get outage() {
      return outage;
    },
    set outage(value) {
      outage = value;
    },
    get authorization() {
      return authorization;
    },
  };
}

function answerTo(path: string, subjects: readonly string[], schemas: ReadonlyMap<number, Answer>): Answer {
  if (path === '/subjects') return { status: 200, body: subjects };
  const id = /^\/schemas\/ids\/(\d+)/.exec(path)?.[1];
  const place = subjects.indexOf(path.replace('/subjects/', ''));
  if (place >= 0) return { status: 200, body: { id: place + 1, version: 1, schema: '{}' } };
  const answer = id === undefined ? undefined : schemas.get(Number(id));
  return answer ?? { status: 404, body: { error_code: 40403, message: 'not found' } };
}

function answer(response: ServerResponse, what: Answer): void {
  if (what === 'silent') return;
  if (what === 'cut') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
    response.write('{"schema":', () => response.socket!.resetAndDestroy());
    return;
  }
  const isText = typeof what.body === 'string';
  response.writeHead(what.status, { 'content-type': isText ? 'text/html' : 'application/vnd.schemaregistry.v1+json' });
  response.end(isText ? what.body : JSON.stringify(what.body));
}
