// One server as a child process that cannot outlive us. Invariants:
// - `pid` is the server itself, not a shell around it, so that SIGKILL and SIGSTOP hit the server;
// - the server ends when this process ends, however it ends. `sh` puts a watcher in the background and then becomes the server
//   (exec keeps the process id). The watcher reads a pipe that only this process holds open for writing: the kernel closes it even
//   on kill -9, and the watcher ends the server. A line in the pipe tells the watcher that the server has ended already, so that it
//   never signals a process id that somebody else may have by then;
// - the server is in a session of its own: a Ctrl-C in the terminal reaches us only, and we decide the order of the end.
//
//   STOPPED -- start --> STARTING -- ready --> RUNNING -- stop, kill, own end --> STOPPED

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ServerOptions {
  /** For messages: `Kafka`. */
  readonly name: string;
  readonly command: string;
  readonly parameters: readonly string[];
  /** Standard output and errors are added to the end of this file. */
  readonly logPath: string;
  readonly environment?: Readonly<{ [name: string]: string }>;
  /** Asks the server once; a rejection is a no. Called every 50 ms until it is true. */
  isReady(): Promise<boolean>;
  /** @defaultValue 120 000, for a machine that is busy with other things */
  readonly readyTimeoutMs?: number;
}

/** What every running server of the local stack offers. */
export interface Server extends AsyncDisposable {
  /** Of the server now running. @throws Error while it is not running. */
  readonly pid: number;
  readonly logPath: string;
  /** Resolves once the server answers; at once when it runs. After `stop` or `kill` it comes back on the same port and directory. */
  start(): Promise<void>;
  /** SIGTERM, and SIGKILL after 30 s. Resolves when the process has ended; at once when it is not running. */
  stop(): Promise<void>;
  /** SIGKILL. Resolves when the process has ended. */
  kill(): Promise<void>;
  /** Resolves when the process that runs now ends, whoever ends it; at once when none runs. */
  ended(): Promise<void>;
}

const STOP_TIMEOUT_MS = 30_000;
/** After the server's end was asked for because we are gone, the watcher waits this long before it uses SIGKILL. */
const ORPHAN_SECONDS = 10;
// `$$` is the shell's process id also in the subshell, and the server's after exec.
const RUN_WATCHED = `(
  read -r ended <&3 && exit
  kill -TERM $$
  for second in $(seq ${ORPHAN_SECONDS}); do kill -0 $$ || exit; sleep 1; done
  kill -KILL $$
) >/dev/null 2>&1 &
exec 3<&- "$@"`;

/** A server that is not started yet. */
export function createServer(options: ServerOptions): Server {
  return new ServerProcess(options);
}

class ServerProcess implements Server {
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  #ready: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get logPath(): string {
    return this.#options.logPath;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.#options.name} is not running`);
    return this.#child.pid;
  }

  async start(): Promise<void> {
    this.#ready ??= this.#launch();
    await this.#ready;
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async ended(): Promise<void> {
    if (this.#child !== undefined) await once(this.#child, 'exit');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #launch(): Promise<void> {
    const { name, isReady, readyTimeoutMs = 120_000, logPath } = this.#options;
    const child = this.#spawn();
    const deadline = Date.now() + readyTimeoutMs;
    while (!(await isReady().catch(() => false))) {
      if (this.#child !== child)
        throw new Error(`${name} ended before it was ready (log: ${logPath})\n${this.#tail()}`);
      if (Date.now() > deadline) {
        const tail = this.#tail();
        await this.kill();
        throw new Error(`${name} was not ready within ${readyTimeoutMs} ms (log: ${logPath})\n${tail}`);
      }
      await sleep(50);
    }
    // Something answered, but was it ours? A server whose port is taken ends by itself.
    if (this.#child !== child) throw new Error(`${name} ended before it was ready (log: ${logPath})\n${this.#tail()}`);
  }

  #spawn(): ChildProcess {
    const { command, parameters, logPath, environment } = this.#options;
    mkdirSync(dirname(logPath), { recursive: true });
    const log = openSync(logPath, 'a');
    const child = spawn('sh', ['-c', RUN_WATCHED, 'sh', command, ...parameters], {
      stdio: ['ignore', log, log, 'pipe'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    closeSync(log);
    const lifeline = child.stdio[3] as Duplex;
    // The watcher may be gone first; that is no error of ours.
    lifeline.on('error', () => {});
    const forget = () => {
      lifeline.end('ended\n');
      if (this.#child !== child) return;
      this.#child = undefined;
      this.#ready = undefined;
    };
    child.once('exit', forget);
    child.once('error', forget);
    // A server that nobody stopped does not keep this process alive: our end is its end.
    child.unref();
    (lifeline as Duplex & { unref(): void }).unref();
    this.#child = child;
    return child;
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    child.ref();
    const ended = once(child, 'exit');
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  /** The last lines that the server wrote. */
  #tail(): string {
    return readFileSync(this.#options.logPath, 'utf8').split('\n').slice(-30).join('\n');
  }
}
