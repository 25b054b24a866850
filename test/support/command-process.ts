// A command of the product in a process of its own: what it prints, and an end that is certain.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Owner } from './kafka-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export interface CommandProcess {
  readonly pid: number;
  /** Standard output so far. */
  readonly printed: () => string;
  /** Standard error so far: the log. */
  readonly logged: () => string;
  /** Resolves when standard output matches. @throws with all that it wrote when it ends before. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Asks it to end, and resolves with its exit code. Idempotent. */
  stop(): Promise<number | null>;
}

/** Runs `freshet` with these words. A test that needs its data folder sets `FRESHET_DATA_DIR`. */
export function startCommand(
  owner: Owner,
  words: readonly string[],
  environment: Readonly<{ [name: string]: string }> = {},
): CommandProcess {
  const child = spawn(process.execPath, [COMMAND, ...words], {
    env: {
      PATH: process.env.PATH,
      FRESHET_DATA_DIR: temporaryDirectory(),
      FRESHET_PORT: '0',
      FRESHET_PARTITIONS: '2',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let printed = '';
  let logged = '';
  let look = () => {};
  child.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    look();
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  const ended = once(child, 'close').then(() => running.delete(child));
  const stop = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    await ended;
    return child.exitCode;
  };
  owner.after(async () => void (await stop()));
  return {
    pid: child.pid!,
    printed: () => printed,
    logged: () => logged,
    until: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          const match = pattern.exec(printed);
          if (match !== null) resolve(match);
        };
        void ended.then(() => reject(new Error(`it ended before it printed ${pattern}:\n${printed}${logged}`)));
        look();
      }),
    stop,
  };
}
