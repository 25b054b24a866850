// An engine instance in a process of its own, as a scenario sees it.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TaskView } from '../engine/runtime/index.ts';
import { type ProcessCost, processCost } from './process-cost.ts';

/** What an instance was at a moment. */
export interface EngineView {
  readonly kind: 'view';
  /** Epoch ms. */
  readonly atMs: number;
  readonly tasks: readonly TaskView[];
  /** Records of all topics that its tasks have not processed. */
  readonly lag: number;
  readonly tablesLag: number;
  /** Records that commits have consumed, by topic. */
  readonly records: Readonly<{ [topic: string]: number }>;
  /** What became of events that were not simply counted. */
  readonly noted: Readonly<{ [what: string]: number }>;
}

/** A task's state was read from its changelog. */
export interface RestoreReport {
  readonly kind: 'restored';
  /** When it was done, epoch ms. */
  readonly atMs: number;
  readonly taskId: number;
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
}

export interface SamplesReport {
  readonly kind: 'samples';
  readonly eventToListMs: readonly number[];
  readonly commitMs: readonly number[];
}

export type EngineReport = EngineView | RestoreReport | SamplesReport;
export type EngineOrder = 'samples' | 'stop';

export interface EngineInstanceOptions {
  /** Its state; made when it is missing. */
  readonly directory: string;
  /** Its settings. */
  readonly environment: Readonly<{ [name: string]: string }>;
  /** Where the process writes a CPU profile when it stops. @defaultValue it writes none */
  readonly profileDirectory?: string | undefined;
}

const ENTRY = join(import.meta.dirname, 'engine-process.ts');

export class EngineInstance {
  readonly directory: string;
  readonly restored: RestoreReport[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #view: EngineView | undefined;
  #isExpectedToEnd = false;

  constructor({ directory, environment, profileDirectory }: EngineInstanceOptions) {
    this.directory = directory;
    this.#child = fork(ENTRY, {
      env: { ...process.env, FRESHET_LOG_LEVEL: 'warn', ...environment, FRESHET_DATA_DIR: directory },
      execArgv:
        profileDirectory === undefined
          ? []
          : ['--cpu-prof', '--cpu-prof-interval=500', `--cpu-prof-dir=${profileDirectory}`],
      serialization: 'advanced',
    });
    this.#ended = once(this.#child, 'exit');
    this.#child.on('message', (report: EngineReport) => {
      if (report.kind === 'view') this.#view = report;
      else if (report.kind === 'restored') this.restored.push(report);
    });
  }

  /** The newest; `undefined` before it has opened. @throws Error when the process has ended by itself. */
  get view(): EngineView | undefined {
    if (!this.#isExpectedToEnd && this.#child.exitCode !== null)
      throw new Error(`the instance in ${this.directory} has ended by itself, with exit code ${this.#child.exitCode}`);
    return this.#view;
  }

  get cost(): ProcessCost {
    return processCost(this.#child.pid!);
  }

  /** Values since the last call. */
  async samples(): Promise<SamplesReport> {
    const { promise, resolve } = Promise.withResolvers<SamplesReport>();
    const listen = (report: EngineReport) => {
      if (report.kind === 'samples') resolve(report);
    };
    this.#child.on('message', listen);
    this.#child.send('samples' satisfies EngineOrder);
    const report = await promise;
    this.#child.off('message', listen);
    return report;
  }

  /** Commits what is under way, publishes, and ends. */
  async stop(): Promise<void> {
    this.#isExpectedToEnd = true;
    if (this.#child.connected) this.#child.send('stop' satisfies EngineOrder);
    await this.#ended;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  /** Deletes its state. To be called when it has ended. */
  forget(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
