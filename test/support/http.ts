// An HTTP server for one test: on a free port, stopped when the test ends.
import type { RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import { startHttpServer } from '../../serving/server.ts';

/** Starts `handler` and returns its URL. */
export async function serve(t: TestContext, handler: RequestListener): Promise<string> {
  const server = await startHttpServer({ handler, host: '127.0.0.1', port: 0, stopTimeoutMs: 500 });
  t.after(() => server.stop());
  return server.url;
}
