// `npm run start:production`: real Kafka, registry and Redis on loopback, a simulated shop that produces, two engine instances that
// share the tasks, and the endpoint. Every part is the command that anybody would run; what it says stands behind its name.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { STACK_PORTS, type Stack, startStack } from './stack.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = join(process.cwd(), '.freshet', 'production');

const LONGEST_STOP_MS = 15_000;

const say = (line: string) => void process.stdout.write(`${line}\n`);

interface Part {
  readonly name: string;
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
}

function run(name: string, args: readonly string[], environment: NodeJS.ProcessEnv): Part {
  const child = spawn(process.execPath, [join(root, 'bin', 'freshet.js'), ...args], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Ctrl-C reaches this process alone, which ends its parts in order.
    detached: true,
  });
  for (const output of [child.stdout!, child.stderr!])
    createInterface({ input: output }).on('line', (line) => say(`${name.padEnd(9)}| ${line}`));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { name, child, ended };
}

async function runOnce(name: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<void> {
  const code = await run(name, args, environment).ended;
  if (code !== 0) throw new Error(`freshet ${args.join(' ')} failed with exit code ${code}`);
}

async function stop({ child, ended }: Part): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_STOP_MS);
  await ended;
  clearTimeout(timer);
}

async function main(): Promise<void> {
  const interrupted = Promise.withResolvers<undefined>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => interrupted.resolve(undefined));
  const parts: Part[] = [];
  let stack: Stack | undefined;
  try {
    const starting = startStack({
      directory: join(directory, 'stack'),
      ports: STACK_PORTS,
      isFresh: false,
      progress: say,
    });
    stack = await Promise.race([starting, interrupted.promise]);
    if (stack === undefined) return;
    const environment = { ...stack.environment, FRESHET_LOG_LEVEL: process.env.FRESHET_LOG_LEVEL ?? 'warn' };
    await runOnce('topics', ['topics', 'create'], environment);
    await runOnce('schemas', ['schemas', 'register'], environment);
    const start = (name: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) =>
      parts.push(run(name, args, { ...environment, FRESHET_DATA_DIR: join(directory, name), ...more }));
    start('serve', ['serve', '--redis']);
    start('engine-1', ['engine']);
    start('engine-2', ['engine']);
    start('shop', ['shop']);
    const broken = Promise.race(
      parts.map(async ({ name, ended }) => {
        const code = await ended;
        throw new Error(`${name} has ended by itself, with exit code ${code}`);
      }),
    );
    await Promise.race([interrupted.promise, broken, stack.failure()]);
    say('ending');
  } finally {
    // The producer first, then who reads: nothing is left behind on the way.
    for (const part of parts.toReversed()) await stop(part);
    await stack?.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
process.exit();
