// Publishes what the rounds of an embedded engine have committed, one commit at a time; the next round is processed meanwhile.

import type { SinkEntry, VersionedSink } from '../api/index.ts';
import type { BatchTrace } from './batch-trace.ts';
import type { RoundMetrics } from './round-metrics.ts';

/** What a task's commit has changed, by versioned-sink node, and its trace. */
export interface Publication {
  readonly entries: ReadonlyMap<string, readonly SinkEntry[]>;
  readonly trace?: BatchTrace | undefined;
}

export class RoundPublisher {
  readonly #sinks: ReadonlyMap<string, VersionedSink>;
  readonly #metrics: RoundMetrics;
  #ended: Promise<void> = Promise.resolve();

  /** `sinks`: that of each versioned-sink node. */
  constructor(sinks: ReadonlyMap<string, VersionedSink>, metrics: RoundMetrics) {
    this.#sinks = sinks;
    this.#metrics = metrics;
  }

  /** Resolves when nothing is on its way; rejects with what the last publication failed of. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Begins to publish; `published` is called with the number of entries when all are there. The one before must have ended. */
  begin(publications: readonly Publication[], published: (entries: number) => void): void {
    this.#ended = this.#publish(publications).then(published);
    // Whoever waits for it next hears of a failure.
    this.#ended.catch(() => undefined);
  }

  async #publish(publications: readonly Publication[]): Promise<number> {
    const startedMs = performance.now();
    let count = 0;
    for (const { entries: byNode, trace } of publications)
      for (const [node, entries] of byNode) {
        const span = trace?.startPublication(node, entries.length);
        try {
          const pending = this.#sinks.get(node)!.publish(entries);
          if (pending !== undefined) await pending;
        } catch (error) {
          span?.fail(error);
          throw error;
        } finally {
          span?.end();
        }
        count += entries.length;
      }
    this.#metrics.published(count, startedMs);
    return count;
  }
}
