// An engine instance in a process of its own, as a test sees it: what it tells, and what can be done to it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { CommitStep, TaskView } from '../../engine/runtime/index.ts';
import type { Environment } from './production-stack.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A step of a commit that an instance has reached. */
export interface StepReport {
  readonly kind: 'step';
  readonly step: CommitStep;
  readonly taskId: number;
  /** The last number that is committed in the instance's own view; after `processed` the next one is under way. */
  readonly commitNumber: number;
  /** Lists of all its tasks that wait to be published. */
  readonly waiting: number;
}

export interface ViewReport {
  readonly kind: 'view';
  readonly tasks: readonly TaskView[];
  readonly lag: number;
  readonly tablesLag: number;
}

/** The last word before an order is obeyed. */
export interface ObeyedReport {
  readonly kind: 'obeyed';
}

export type InstanceReport = StepReport | ViewReport | ObeyedReport;

/** Send yourself this signal at the `count`-th time that this step is reached. */
export interface InstanceOrder {
  readonly signal: 'SIGKILL' | 'SIGSTOP';
  readonly step: CommitStep;
  readonly count: number;
  /** Times at which no list waits to be published do not count. */
  readonly whilePublishing: boolean;
}

const ENTRY = join(import.meta.dirname, 'production-instance-process.ts');
const STOP_MS = 60_000;

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class EngineInstance {
  readonly name: string;
  readonly directory = temporaryDirectory();
  readonly #environment: Environment;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isExpectedToEnd = false;
  #lastStep: StepReport | undefined;
  #view: ViewReport | undefined;
  #starts = 0;
  #onObeyed: () => void = () => {};
  /** How the process ended when nobody wanted it to. */
  failure: string | undefined;
  /** Called for each step, also for those that are read after the process was killed. */
  onStep: ((report: StepReport) => void) | undefined;

  constructor(name: string, environment: Environment) {
    this.name = name;
    this.#environment = environment;
  }

  /** Folder of its state. */
  get dataDir(): string {
    return join(this.directory, 'data');
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** The last step that the process told of. Complete once `ended` has resolved. */
  get lastStep(): StepReport | undefined {
    return this.#lastStep;
  }

  get view(): ViewReport | undefined {
    return this.#view;
  }

  /** Tasks that run here, by its last word. */
  get runningTasks(): readonly TaskView[] {
    return this.#view?.tasks.filter(({ status }) => status === 'RUNNING') ?? [];
  }

  get errorLog(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  get #logPath(): string {
    return join(this.directory, `instance-${this.#starts}.log`);
  }

  /** Starts it, on what its folder holds. */
  start({ isEmpty = false } = {}): void {
    if (this.#child !== undefined) throw new Error(`${this.name} runs`);
    if (isEmpty) rmSync(this.dataDir, { recursive: true, force: true });
    this.#starts += 1;
    this.#lastStep = undefined;
    this.#view = undefined;
    this.#isExpectedToEnd = false;
    const log = openSync(this.#logPath, 'w');
    const child = spawn(process.execPath, [ENTRY], {
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
        ...this.#environment,
        FRESHET_DATA_DIR: this.dataDir,
      },
      stdio: ['pipe', 'ignore', log, 'pipe'],
    });
    closeSync(log);
    child.stdin!.on('error', () => {});
    this.#child = child;
    running.add(child);
    this.#read(child.stdio[3] as Readable);
    // Not `exit`: what it told before it died is read until `close`.
    this.#ended = once(child, 'close').then(([code, signal]) => {
      running.delete(child);
      this.#child = undefined;
      this.#view = undefined;
      if (!this.#isExpectedToEnd)
        this.failure = `${this.name} ended by itself (${signal ?? `code ${code}`}):\n${this.errorLog.slice(-3_000)}`;
    });
  }

  /** Ends it at once, and waits until all that it told has been read. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL', true);
    await this.#ended;
  }

  /** Has it kill itself. Resolves when it is dead. @throws when it lives on for too long. */
  async killAt(order: Omit<InstanceOrder, 'signal'>, timeoutMs: number): Promise<void> {
    this.#isExpectedToEnd = true;
    await this.#obeyed({ ...order, signal: 'SIGKILL' }, timeoutMs);
    await this.#ended;
  }

  /** Has it stop itself, to stand still until `thaw`. @throws when it goes on for too long. */
  freezeAt(order: Omit<InstanceOrder, 'signal'>, timeoutMs: number): Promise<void> {
    return this.#obeyed({ ...order, signal: 'SIGSTOP' }, timeoutMs);
  }

  thaw(): void {
    this.#signal('SIGCONT', false);
  }

  /** Lets it end in order. */
  async stop(): Promise<void> {
    if (this.#child === undefined) return;
    this.#signal('SIGTERM', true);
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  async #obeyed(order: InstanceOrder, timeoutMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) throw new Error(`${this.name} does not run`);
    const obeyed = Promise.withResolvers<void>();
    this.#onObeyed = obeyed.resolve;
    const text = `${this.name} has not reached "${order.step}" ${order.count} times in ${timeoutMs} ms`;
    const timer = setTimeout(() => obeyed.reject(new Error(text)), timeoutMs);
    child.stdin!.write(`${JSON.stringify(order)}\n`);
    await obeyed.promise;
    clearTimeout(timer);
  }

  #signal(signal: NodeJS.Signals, isEnd: boolean): void {
    if (isEnd) this.#isExpectedToEnd = true;
    this.#child?.kill(signal);
  }

  #read(stream: Readable): void {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#hear(JSON.parse(line) as InstanceReport);
    });
  }

  #hear(report: InstanceReport): void {
    if (report.kind === 'view') this.#view = report;
    else if (report.kind === 'obeyed') this.#onObeyed();
    else {
      this.#lastStep = report;
      this.onStep?.(report);
    }
  }
}
