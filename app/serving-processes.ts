// Several processes that answer on one port (node:cluster). This one answers nothing: it starts the others, starts one anew that has ended,
// and passes the wish to end on. One that ends before any has listened ends all: settings are wrong, or the port is taken.

import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../engine/api/index.ts';

/** Pause before a process is started anew, so that one that fails again and again does not take the machine. */
const RESTART_MS = 1_000;

/** Whether this process was started by {@link superviseProcesses}. */
export const isServingProcess = (): boolean => cluster.isWorker;

/** @param setting 0: as many as there are cores. */
export const processCount = (setting: number): number => (setting === 0 ? availableParallelism() : setting);

/**
 * Runs `count` processes with this one's arguments until the signal comes and all have ended. `environmentOf`: what else the process at a place, from 0,
 * finds in its environment; one that is started anew takes the place of the one that has ended.
 */
export async function superviseProcesses(
  count: number,
  logger: Logger,
  signal: AbortSignal,
  environmentOf: (place: number) => { readonly [variable: string]: string },
  listening: (url: string) => void,
): Promise<void> {
  let hasListened = false;
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const stop = (): void => {
    for (const worker of liveWorkers()) worker.process.kill('SIGTERM');
  };
  cluster.on('listening', (_worker, { address, port }) => {
    if (!hasListened) listening(`http://${address?.includes(':') ? `[${address}]` : address}:${port}`);
    hasListened = true;
  });
  const places = new Map<number, number>();
  const start = (place: number): void => {
    places.set(cluster.fork(environmentOf(place)).id, place);
  };
  cluster.on('exit', async ({ id }, code, how) => {
    if (!signal.aborted && !hasListened) {
      process.exitCode = code;
      reject(new Error('a serving process has ended before it listened'));
      stop();
      return;
    }
    if (signal.aborted) {
      if (liveWorkers().length === 0) resolve();
      return;
    }
    logger.error('serving-process-ended', { code: code ?? undefined, signal: how ?? undefined });
    await delay(RESTART_MS);
    if (!signal.aborted) start(places.get(id)!);
    else if (liveWorkers().length === 0) resolve();
  });
  signal.addEventListener('abort', stop, { once: true });
  for (let place = 0; place < count; place++) start(place);
  await ended;
}

function liveWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}
