// Databases of tasks that outlive the engine which has them open, as a disk does.

import { type Database, EngineError, type TaskDatabases } from '../../engine/api/index.ts';
import { createMemoryDatabase } from '../../state/memory-database.ts';

export class MemoryTaskDatabases implements TaskDatabases {
  readonly #columnFamilies: readonly string[];
  readonly databases = new Map<number, Database>();
  readonly #open = new Set<number>();
  /** Databases that were moved out of the way. */
  readonly aside: Database[] = [];

  constructor(columnFamilies: readonly string[]) {
    this.#columnFamilies = columnFamilies;
  }

  async stored(): Promise<number[]> {
    return [...this.databases.keys()];
  }

  async open(taskId: number): Promise<Database> {
    if (this.#open.has(taskId)) throw new EngineError('DATABASE_LOCKED', `task ${taskId} is open twice`);
    let database = this.databases.get(taskId);
    if (database === undefined) {
      database = createMemoryDatabase({ columnFamilies: this.#columnFamilies });
      this.databases.set(taskId, database);
    }
    this.#open.add(taskId);
    const kept = database;
    let isOpen = true;
    return new Proxy(kept, {
      get: (target, name) => {
        if (name === 'close')
          return async () => {
            isOpen = false;
            this.#open.delete(taskId);
          };
        if (!isOpen) throw new TypeError(`task ${taskId}: ${String(name)} of a closed database`);
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  async setAside(taskId: number): Promise<void> {
    this.aside.push(this.databases.get(taskId)!);
    this.databases.delete(taskId);
  }

  /** The databases as a process finds them that starts after this one's was killed. */
  afterKill(): MemoryTaskDatabases {
    const next = new MemoryTaskDatabases(this.#columnFamilies);
    for (const [taskId, database] of this.databases) next.databases.set(taskId, database);
    return next;
  }
}
