// Several processes behind one command (node:cluster). This one does none of the work: it starts the others, starts one anew that has ended,
// hears what they say of themselves, and passes the wish to end on. Where one ends by itself before it, or another at its place, has said a
// word, all end: settings are wrong, or a port is taken.

import cluster, { type Worker } from 'node:cluster';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../engine/api/index.ts';

/** Pause before a process is started anew, so that one that fails again and again does not take the machine. */
const RESTART_MS = 1_000;

export interface ProcessesOptions<Word> {
  readonly count: number;
  readonly logger: Logger;
  /** Ends all. */
  readonly signal: AbortSignal;
  /** What the process at a place, from 0, finds in its environment and behind this one's arguments; one that is started anew takes the place of the one that has ended. */
  readonly given: (place: number) => {
    readonly environment?: { readonly [variable: string]: string };
    readonly arguments?: readonly string[];
  };
  /** A process has said something of itself ({@link tell}). */
  readonly heard: (place: number, word: Word) => void;
  /** It has ended, and will be started anew. */
  readonly ended?: (place: number) => void;
}

/** Whether this process was started by {@link superviseProcesses}. */
export const isOneOfSeveral = (): boolean => cluster.isWorker;

/** Says something to the process that has started this one. The first word says that it has begun. */
export const tell = (word: object): void => void process.send?.(word);

/** @param setting 0: as many as there are cores. */
export const processCount = (setting: number): number => (setting === 0 ? availableParallelism() : setting);

/** Each process has a port of its own for its metrics: what one counts the others do not know. */
export const metricsPortOf = (
  metricsPort: number | undefined,
  place: number,
): { readonly [variable: string]: string } =>
  metricsPort === undefined || metricsPort === 0 ? {} : { FRESHET_METRICS_PORT: String(metricsPort + place) };

/** One of the processes cannot begin; it has said why. */
export class ProcessError extends Error {
  override readonly name = 'ProcessError';
}

/**
 * Runs processes with this one's arguments until the signal comes and all have ended.
 * @throws {ProcessError} when all have ended because one could not begin.
 */
export async function superviseProcesses<Word>(options: ProcessesOptions<Word>): Promise<void> {
  const { count, logger, signal, given, heard } = options;
  const begun = new Set<number>();
  const { promise: allEnded, resolve, reject } = Promise.withResolvers<void>();
  let failure: ProcessError | undefined;
  const stop = (): void => {
    for (const worker of liveWorkers()) worker.process.kill('SIGTERM');
  };
  const endIfAlone = (): void => {
    if (liveWorkers().length > 0) return;
    if (failure === undefined) resolve();
    else reject(failure);
  };
  const places = new Map<number, number>();
  const start = (place: number): void => {
    const { environment, arguments: more = [] } = given(place);
    cluster.setupPrimary({ args: [...process.argv.slice(2), ...more], serialization: 'advanced' });
    places.set(cluster.fork(environment).id, place);
  };
  cluster.on('message', ({ id }: Worker, word: Word) => {
    const place = places.get(id)!;
    begun.add(place);
    heard(place, word);
  });
  cluster.on('exit', async ({ id }, code, how) => {
    const place = places.get(id)!;
    if (signal.aborted || failure !== undefined) {
      endIfAlone();
      return;
    }
    // One that was killed has not said that it cannot begin.
    if (!begun.has(place) && !how) {
      failure = new ProcessError(`process ${place} has ended before it had begun, and so all end`);
      stop();
      endIfAlone();
      return;
    }
    logger.error('process-ended', { place, code: code ?? undefined, signal: how ?? undefined });
    options.ended?.(place);
    await delay(RESTART_MS);
    if (signal.aborted || failure !== undefined) endIfAlone();
    else start(place);
  });
  signal.addEventListener('abort', stop, { once: true });
  for (let place = 0; place < count; place++) start(place);
  await allEnded;
}

function liveWorkers(): Worker[] {
  return Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
}
