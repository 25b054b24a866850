// `freshet serve --redis` in a process of its own, as a reader of lists while Redis is away.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Owner } from './kafka-server.ts';
import type { Environment } from './production-stack.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');
const REQUEST_MS = 15_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** How requests were answered. */
export interface Answers {
  /** Number of answers by status; `0` stands for none in 15 s. */
  readonly byStatus: { readonly [status: number]: number };
  /** Answers 200 that had items. */
  readonly filled: number;
  /** Answers that said that they were made without the store. */
  readonly degraded: number;
  readonly longestMs: number;
  readonly p99Ms: number;
  /** What the endpoint says it waited for the store: without the time that this process and the machine took. */
  readonly medianReadMs: number;
  readonly longestReadMs: number;
}

/** What tests look at in an answer. */
export interface ServedAnswer {
  readonly status: number;
  readonly storeMs: number;
  readonly rung?: string;
  readonly degraded?: boolean;
  readonly items?: readonly { readonly id: string }[];
}

export class Serving {
  readonly url: string;
  /** What it has logged. */
  readonly logged: readonly { readonly event: string }[];
  /** Asks it to end, and resolves with its exit code. Idempotent. */
  readonly stop: () => Promise<number | null>;

  readonly pid: number;

  private constructor(parts: Pick<Serving, 'url' | 'logged' | 'stop' | 'pid'>) {
    this.url = parts.url;
    this.pid = parts.pid;
    this.logged = parts.logged;
    this.stop = parts.stop;
  }

  static async start(owner: Owner, environment: Environment, args: readonly string[] = []): Promise<Serving> {
    const child = spawn(process.execPath, [COMMAND, 'serve', '--redis', ...args], {
      env: {
        PATH: process.env.PATH,
        FRESHET_DATA_DIR: temporaryDirectory(),
        FRESHET_LOG_LEVEL: 'warn',
        FRESHET_PORT: '0',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    const ended = once(child, 'exit').then(() => running.delete(child));
    const stop = async (): Promise<number | null> => {
      child.kill('SIGTERM');
      await ended;
      return child.exitCode;
    };
    owner.after(async () => void (await stop()));
    const logged: { event: string }[] = [];
    let unparsed = '';
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      const lines = (unparsed + text).split('\n');
      unparsed = lines.pop()!;
      for (const line of lines) logged.push(line.startsWith('{') ? JSON.parse(line) : { event: line });
    });
    let printed = '';
    for await (const text of child.stdout!) {
      printed += String(text);
      const [, url] = /(http:\/\/[^/\s]+)\/v1\//.exec(printed) ?? [];
      if (url !== undefined) return new Serving({ url, logged, stop, pid: child.pid! });
    }
    throw new Error(`freshet serve has ended: ${printed} ${JSON.stringify(logged)} ${unparsed}`);
  }

  /** Asks for each path in turn, again and again, several at a time, until `work` has ended. */
  async during(paths: readonly string[], work: Promise<unknown>, atATime = 1): Promise<Answers> {
    let isOver = false;
    const over = work.finally(() => {
      isOver = true;
    });
    const byStatus: { [status: number]: number } = {};
    const tookMs: number[] = [];
    const readMs: number[] = [];
    let filled = 0;
    let degraded = 0;
    let asked = 0;
    const ask = async (): Promise<void> => {
      while (!isOver) {
        const startedMs = performance.now();
        const { status, items, isDegraded, storeMs } = await this.#ask(paths[asked++ % paths.length]!);
        readMs.push(storeMs);
        tookMs.push(performance.now() - startedMs);
        byStatus[status] = (byStatus[status] ?? 0) + 1;
        if (status === 200 && items > 0) filled += 1;
        if (isDegraded) degraded += 1;
      }
    };
    await Promise.all([over, ...Array.from({ length: atATime }, ask)]);
    tookMs.sort((a, b) => a - b);
    readMs.sort((a, b) => a - b);
    return {
      byStatus,
      filled,
      degraded,
      longestMs: tookMs.at(-1) ?? 0,
      p99Ms: tookMs[Math.floor(0.99 * tookMs.length)] ?? 0,
      medianReadMs: readMs[readMs.length >> 1] ?? 0,
      longestReadMs: readMs.at(-1) ?? 0,
    };
  }

  /** The answer of a path. */
  async get(path: string): Promise<ServedAnswer> {
    const answer = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(REQUEST_MS) });
    const [, storeMs] = /read;dur=([\d.]+)/.exec(answer.headers.get('server-timing') ?? '') ?? [];
    const body = (await answer.json()) as Omit<ServedAnswer, 'status' | 'storeMs'>;
    return { status: answer.status, storeMs: Number(storeMs ?? 0), ...body };
  }

  async #ask(path: string): Promise<{ status: number; items: number; isDegraded: boolean; storeMs: number }> {
    try {
      const { status, items, degraded, storeMs } = await this.get(path);
      return { status, items: items?.length ?? 0, isDegraded: degraded === true, storeMs };
    } catch {
      return { status: 0, items: 0, isDegraded: false, storeMs: 0 };
    }
  }
}
