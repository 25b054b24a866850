// The two programs that Freshet's endpoint is held against, as one process or several on one port: an Express handler that sends bytes which it
// has in memory, and one that reads them from Redis first (one GET). Both send the headers that they are given, and nothing else.
// Run by bench/serving.ts; settings come as JSON in the environment.

import cluster from 'node:cluster';
import express from 'express';
import { Redis } from 'ioredis';

/** What a bare server needs to know. */
export interface BareSettings {
  readonly port: number;
  readonly processes: number;
  /** Read from here; sent from memory where it is absent. */
  readonly redisPort?: number;
  readonly headers: { readonly [name: string]: string };
  readonly bodyBytes: number;
}

const settings = JSON.parse(process.env.BARE_SETTINGS!) as BareSettings;

if (cluster.isPrimary && settings.processes > 1) {
  for (let i = 0; i < settings.processes; i++) cluster.fork();
  process.on('SIGTERM', () => process.exit());
} else {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  const { headers, redisPort } = settings;
  if (redisPort === undefined) {
    const body = Buffer.alloc(settings.bodyBytes, 'x');
    app.get('/v1/visitors/:id/recommendations', (_request, response) => {
      response.set(headers).send(body);
    });
  } else {
    const redis = new Redis(redisPort, '127.0.0.1');
    app.get('/v1/visitors/:id/recommendations', async (request, response) => {
      const body = await redis.getBuffer(`bare:${request.params.id}`);
      response.set(headers).send(body);
    });
  }
  app.listen(settings.port, '127.0.0.1', () => process.stdout.write('listening\n'));
}
