// Publishes everything again that a task has ever published, piece by piece between its commits, when a sink has lost its data.

import { setImmediate } from 'node:timers/promises';
import type { SinkPublisher } from './sink-publisher.ts';
import type { Task } from './task.ts';

/** Keys of a piece: bounds how long the task's next commit, other tasks and the heartbeat wait. */
const KEYS_PER_PIECE = 32;

/** Present generation by versioned-sink node; absent where the sink has not told. */
export type Generations = ReadonlyMap<string, string>;

interface Walk {
  readonly node: string;
  readonly generation: string;
  readonly keys: Iterator<string>;
}

export class SinkRepair {
  readonly #task: Task;
  readonly #publisher: SinkPublisher;
  readonly #generations: Generations;
  #walk: Walk | undefined;

  constructor(task: Task, publisher: SinkPublisher, generations: Generations) {
    this.#task = task;
    this.#publisher = publisher;
    this.#generations = generations;
  }

  /** Publishes the next piece. Returns whether there was one. To be called between commits. */
  async step(): Promise<boolean> {
    const walk = this.#current();
    if (walk === undefined) return false;
    // A task without input waits for nothing else between two pieces.
    await setImmediate();
    const keys: string[] = [];
    let next = walk.keys.next();
    for (; next.done !== true; next = walk.keys.next()) {
      keys.push(next.value);
      if (keys.length === KEYS_PER_PIECE) break;
    }
    if (keys.length > 0)
      this.#publisher.add(this.#task.position.commitNumber, await this.#task.entriesOf(walk.node, keys));
    if (next.done === true) {
      this.#task.setGeneration(walk.node, walk.generation);
      this.#walk = undefined;
    }
    return true;
  }

  #current(): Walk | undefined {
    if (this.#walk !== undefined && this.#walk.generation === this.#generations.get(this.#walk.node)) return this.#walk;
    this.#walk = undefined;
    for (const [node, generation] of this.#generations)
      if (this.#task.generationOf(node) !== generation) {
        this.#walk = { node, generation, keys: this.#task.publishedKeys(node)[Symbol.iterator]() };
        break;
      }
    return this.#walk;
  }
}
