// The threads of an engine instance, each a process, seen from the one that has started them. They say every second what their tasks do
// and whether they are ready; this one puts it together for whoever watches the instance.

import type { TaskView } from '../engine/runtime/index.ts';
import type { Readiness } from '../serving/index.ts';

/** What a thread says of itself. */
export interface ThreadWord {
  readonly tasks: readonly TaskView[];
  readonly readiness: ReturnType<Readiness>;
}

/** A thread that has said nothing for so long is not ready, ms. */
const SILENT_MS = 5_000;
/** And after so long it is taken for one that does not turn any more, ms. */
const DEAD_MS = 30_000;

interface Heard extends ThreadWord {
  readonly atMs: number;
}

export class EngineThreads {
  readonly #nowMs: () => number;
  readonly #threads: (Heard | undefined)[];

  /** @param nowMs of a clock that never goes back */
  constructor(count: number, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#threads = new Array<undefined>(count).fill(undefined);
  }

  hear(thread: number, word: ThreadWord): void {
    this.#threads[thread] = { ...word, atMs: this.#nowMs() };
  }

  /** It has ended, and is on its way again. */
  forget(thread: number): void {
    this.#threads[thread] = undefined;
  }

  /** Of all threads, by number. */
  tasks(): TaskView[] {
    return this.#threads.flatMap((heard) => heard?.tasks ?? []).sort((a, b) => a.taskId - b.taskId);
  }

  /** Whether every thread does its share. */
  readiness(): ReturnType<Readiness> {
    const reasons = this.#threads.flatMap((heard, thread) => {
      if (heard === undefined) return [`thread ${thread}: opening`];
      if (this.#nowMs() - heard.atMs > SILENT_MS) return [`thread ${thread}: silent`];
      return heard.readiness.isReady ? [] : [`thread ${thread}: ${heard.readiness.reason}`];
    });
    return reasons.length === 0 ? { isReady: true } : { isReady: false, reason: reasons.join('; ') };
  }

  /** Whether no thread that has begun has stopped turning. */
  isLive(): boolean {
    return this.#threads.every((heard) => heard === undefined || this.#nowMs() - heard.atMs <= DEAD_MS);
  }
}
