// One run of one application under the workload's own measuring script, which brings the events, watches the group's offsets and counts
// CPU and memory, and its verifier of the lists. Both come from a folder outside of this repository.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** It recomputes everything with a `Map` for each item. */
const VERIFIER_HEAP = '--max-old-space-size=12000';

export interface Servers {
  readonly bootstrap: string;
  readonly redisUrl: string;
}

export interface MeasureOptions extends Servers {
  /** The folder of `measure.mjs`, `verify.mjs` and `workload.mjs`, with its packages installed. */
  readonly workload: string;
  /** Where the script writes what the application says. */
  readonly results: string;
  readonly name: string;
  /** How the application is started. */
  readonly command: string;
  readonly events: number;
  readonly threads: number;
  readonly guarantee: 'exactly_once_v2' | 'at_least_once';
  /** Left out: the workload's own. */
  readonly users?: number;
  readonly items?: number;
  readonly restores: boolean;
  readonly environment?: Readonly<Record<string, string>>;
}

/** What the measuring script found, as far as it is used. */
export interface Measured {
  readonly eventsPerS: number;
  readonly cpuS: number;
  readonly peakRssMiB: number;
  /** Where the application says so: pairs of items that were counted, and what the stores kept decoded in memory in the end. */
  readonly stats: { readonly clicks: number; readonly pairs?: number; readonly cacheBytes?: number };
  readonly restore?: { readonly records: number; readonly recordsPerS: number; readonly cpuS: number };
  readonly error?: string;
}

export interface Verified {
  readonly itemsCompared: number;
  readonly itemsWrong: number;
  readonly users: number;
  readonly usersStale: number;
}

/** @throws {Error} when the run failed or did not count every event once. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { workload, results, name, command, events, threads, guarantee, restores } = options;
  const parameters = ['measure.mjs', '--cmd', command, '--name', name, '--guarantee', guarantee];
  parameters.push('--threads', String(threads), '--out', results, ...sizes(options));
  if (restores) parameters.push('--restore');
  const { stdout } = await run(process.execPath, parameters, {
    cwd: workload,
    env: environmentOf(options),
    maxBuffer: 1 << 24,
  });
  const measured = JSON.parse(stdout.trim().split('\n').at(-1)!) as Measured;
  if (measured.error !== undefined) throw new Error(`${name} failed: ${measured.error}`);
  const { clicks } = measured.stats;
  if (clicks !== events) throw new Error(`${name} counted ${clicks} events, not ${events}`);
  return measured;
}

/** How much the workload makes. */
export interface Sizes {
  readonly events: number;
  readonly users?: number;
  readonly items?: number;
}

function sizes({ events, users, items }: Sizes): string[] {
  const parameters = ['--events', String(events)];
  if (users !== undefined) parameters.push('--users', String(users));
  if (items !== undefined) parameters.push('--items', String(items));
  return parameters;
}

/** Compares the lists in Redis with a recomputation. @throws {Error} when one is wrong or not of its owner's last event. */
export async function verify(workload: string, servers: Servers, made: Sizes): Promise<Verified> {
  const { stdout } = await run(process.execPath, [VERIFIER_HEAP, 'verify.mjs', ...sizes(made)], {
    cwd: workload,
    env: environmentOf(servers),
  });
  return JSON.parse(stdout) as Verified;
}

const environmentOf = ({
  bootstrap,
  redisUrl,
  environment = {},
}: Servers & { readonly environment?: Readonly<Record<string, string>> }) => ({
  ...process.env,
  KAFKA_BOOTSTRAP: bootstrap,
  REDIS_URL: redisUrl,
  ...environment,
});

/** The embedded application, which measures itself. */
export interface EmbeddedAnswer {
  readonly clicks: number;
  readonly eventsPerSecond: number;
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** @throws {Error} when the run failed or did not count every event once. */
export async function measureEmbedded(
  command: string,
  { workload, events, ...servers }: Servers & { readonly workload: string; readonly events: number },
): Promise<EmbeddedAnswer> {
  const environment = { WORKLOAD: workload, EVENTS: String(events) };
  const { stdout } = await run('/bin/sh', ['-c', `exec ${command}`], {
    env: environmentOf({ ...servers, environment }),
  });
  const answer = JSON.parse(stdout) as EmbeddedAnswer;
  if (answer.clicks !== events) throw new Error(`the embedded engine counted ${answer.clicks} events, not ${events}`);
  return answer;
}
