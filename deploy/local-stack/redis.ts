// One Redis from the system's `redis-server`, on loopback.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { freePort } from './ports.ts';
import { createServer, type Server } from './server-process.ts';

export interface RedisOptions {
  /** Holds the append-only file and the log; made when missing. */
  readonly directory: string;
  /** @defaultValue a free port */
  readonly port?: number;
}

export interface RedisServer extends Server {
  /** `redis://127.0.0.1:port` */
  readonly url: string;
}

/** What to do when Redis is not installed; `undefined` when it is. */
export function missingRedis(): string | undefined {
  if (spawnSync('redis-server', ['--version']).status === 0) return undefined;
  return 'redis-server is missing: install Redis 7 (Debian: apt-get install redis-server; macOS: brew install redis)';
}

/**
 * Starts Redis, with everything written to an append-only file, and waits until it answers a PING (not while it still reads the file).
 * @throws Error with the end of the log when it ends or does not answer.
 */
export async function startRedis(options: RedisOptions): Promise<RedisServer> {
  const directory = resolve(options.directory);
  const port = options.port ?? (await freePort());
  mkdirSync(directory, { recursive: true });
  const settings = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    directory,
    '--save',
    '',
    '--appendonly',
    'yes',
  ];
  const server = createServer({
    name: 'Redis',
    command: 'redis-server',
    parameters: settings,
    logPath: join(directory, 'redis.log'),
    isReady: () => answersPing(port),
  });
  const redis = Object.assign(server, { url: `redis://127.0.0.1:${port}` });
  await redis.start();
  return redis;
}

async function answersPing(port: number): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
  socket.once('data', (answer) => resolve(answer.toString().startsWith('+PONG')));
  socket.once('error', reject);
  socket.once('close', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}
