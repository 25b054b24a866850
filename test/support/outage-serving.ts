// `freshet serve --redis` in a process of its own, as a reader of lists while Redis is away.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Owner } from './kafka-server.ts';
import type { Environment } from './production-stack.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');
const REQUEST_MS = 5_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How requests were answered. */
export interface Answers {
  /** Number of answers by status; `0` stands for none in 5 s. */
  readonly byStatus: { readonly [status: number]: number };
  /** Answers 200 that had items. */
  readonly filled: number;
  readonly longestMs: number;
}

export class Serving {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  static async start(owner: Owner, environment: Environment): Promise<Serving> {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--redis'], {
      env: { PATH: process.env.PATH, ...environment, FRESHET_PORT: '0', FRESHET_LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    running.add(child);
    const ended = once(child, 'exit').then(() => running.delete(child));
    owner.after(async () => {
      child.kill('SIGTERM');
      await ended;
    });
    let printed = '';
    for await (const text of child.stdout!) {
      printed += String(text);
      const [, url] = /(http:\/\/[^/\s]+)\/v1\//.exec(printed) ?? [];
      if (url !== undefined) return new Serving(url);
    }
    throw new Error(`freshet serve has ended: ${printed}`);
  }

  /** Asks for each path in turn, again and again, until `work` has ended. */
  async during(paths: readonly string[], work: Promise<unknown>): Promise<Answers> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    const byStatus: { [status: number]: number } = {};
    let filled = 0;
    let longestMs = 0;
    for (let i = 0; !isOver; i++) {
      const startedMs = performance.now();
      const { status, items } = await this.ask(paths[i % paths.length]!);
      longestMs = Math.max(longestMs, performance.now() - startedMs);
      byStatus[status] = (byStatus[status] ?? 0) + 1;
      if (status === 200 && items.length > 0) filled += 1;
    }
    await over;
    return { byStatus, filled, longestMs };
  }

  /** Status 0 stands for no answer in 5 s. */
  async ask(path: string): Promise<{ readonly status: number; readonly items: readonly { readonly id: string }[] }> {
    try {
      const answer = await fetch(`${this.#url}${path}`, { signal: AbortSignal.timeout(REQUEST_MS) });
      const body = (await answer.json()) as { items?: readonly { readonly id: string }[] };
      return { status: answer.status, items: body.items ?? [] };
    } catch {
      return { status: 0, items: [] };
    }
  }
}
