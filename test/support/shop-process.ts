// The real thing for a browser test: `freshet start` in a process of its own, on a free port, with a data directory of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ShopProcess extends AsyncDisposable {
  readonly url: string;
}

const START_TIMEOUT_MS = 180_000;

/** Starts it and waits for the address that it prints. @throws with what it printed when it ends before. */
export async function startShopProcess(environment: Readonly<Record<string, string>> = {}): Promise<ShopProcess> {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-page-'));
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../bin/freshet.js'), 'start'], {
    env: { ...process.env, FRESHET_PORT: '0', FRESHET_DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  let printed = '';
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(
    () => reject(new Error(`no address after ${START_TIMEOUT_MS} ms:\n${printed}`)),
    START_TIMEOUT_MS,
  );
  const read = (chunk: Buffer): void => {
    printed += chunk.toString();
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed)?.[0];
    if (url !== undefined) resolve(url);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  void exited.then(() => reject(new Error(`freshet start has ended:\n${printed}`)));
  const stop = async (): Promise<void> => {
    clearTimeout(timer);
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    return { url: await promise, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
