// A real Redis for tests: the machine's redis-server on loopback, on a free port, in a directory of its own.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { missing } from './requires.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Its working directory. */
  readonly directory: string;
  /** Asks it to end, and waits. Idempotent. */
  stop(): Promise<void>;
  /** Ends it at once, and waits. */
  kill(): Promise<void>;
  /** Leaves it in memory and makes it silent, until `resume` or an end. */
  pause(): void;
  resume(): void;
}

export interface RedisServerOptions {
  /** After ours, e.g. `['--requirepass', 'secret']`; or a function of the port. Of a sentinel the first is its settings file. */
  readonly args?: readonly string[] | ((port: number) => readonly string[]);
  /** @defaultValue a free one */
  readonly port?: number;
  readonly directory?: string;
  readonly isSentinel?: boolean;
}

/** Options for tests that need a Redis. */
export function needsRedis(): { skip?: string } {
  const isThere = spawnSync('redis-server', ['--version']).status === 0;
  return isThere ? {} : missing('redis-server is missing: apt-get install redis-server');
}

const START_TIMEOUT_MS = 60_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** The bus of a cluster listens 10,000 above. */
const CLUSTER_BUS = 10_000;

/** A port for a Redis, of a cluster or alone. */
export const freeRedisPort = (): Promise<number> => freePort(CLUSTER_BUS);

/** Starts it and waits until it accepts connections. @throws with what it printed when it ends before. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const { isSentinel = false, directory = temporaryDirectory() } = options;
  const port = options.port ?? (await freeRedisPort());
  const args = typeof options.args === 'function' ? options.args(port) : (options.args ?? []);
  const first = isSentinel ? args.slice(0, 1) : [];
  const child = spawn(
    'redis-server',
    [
      ...first,
      ...['--bind', '127.0.0.1', '--port', String(port), '--dir', directory],
      ...(isSentinel ? ['--sentinel'] : ['--save', '']),
      ...args.slice(first.length),
    ],
    { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  const exited = once(child, 'exit').then(() => running.delete(child));
  await printed(child, /eady to accept connections|Sentinel ID is|Sentinel new configuration saved/);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      child.kill('SIGCONT');
    }
    await exited;
  };
  const stop = (): Promise<void> => end('SIGTERM');
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    directory,
    stop,
    kill: () => end('SIGKILL'),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    [Symbol.asyncDispose]: stop,
  };
}

/** Resolves when the process has printed it. */
async function printed(child: ChildProcess, pattern: RegExp): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let text = '';
  const read = (chunk: Buffer): void => {
    if (text.length < 100_000) text += chunk.toString();
    if (pattern.test(text)) resolve();
  };
  const timer = setTimeout(() => {
    child.kill('SIGKILL');
    reject(new Error(`redis-server is not up after ${START_TIMEOUT_MS} ms:\n${text}`));
  }, START_TIMEOUT_MS);
  child.stdout!.on('data', read);
  child.stderr!.on('data', read);
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`redis-server has ended:\n${text}`)));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
  }
}
