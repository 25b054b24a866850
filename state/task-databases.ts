// The databases of an instance's tasks on its disk: `<root>/<task>`, each a RocksDB of its own, so that a task's state is opened,
// dropped and moved without the others.

import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, Metrics, TaskDatabases } from '../engine/api/index.ts';
import { openRocksDatabase } from './rocks-database.ts';

const TASK = /^\d{1,5}$/;

/**
 * Databases under the folder `root`, which is made when it is missing. `tasks`: number of tasks of the application; together they take the memory
 * of one database.
 * What is set aside stays in `root/aside`, for a person to look at.
 */
export function rocksTaskDatabases(
  root: string,
  columnFamilies: readonly string[],
  tasks = 1,
  metrics?: Metrics,
): TaskDatabases {
  const path = (taskId: number) => join(root, String(taskId));
  return {
    async stored(): Promise<number[]> {
      await mkdir(root, { recursive: true });
      const names = await readdir(root);
      return names
        .filter((name) => TASK.test(name))
        .map(Number)
        .sort((a, b) => a - b);
    },
    async open(taskId: number): Promise<Database> {
      await mkdir(root, { recursive: true });
      return openRocksDatabase(path(taskId), {
        columnFamilies,
        memoryShare: 1 / tasks,
        ...(metrics !== undefined && { measured: { metrics, name: `task-${taskId}` } }),
      });
    },
    async setAside(taskId: number): Promise<void> {
      const aside = join(root, 'aside');
      await mkdir(aside, { recursive: true });
      await rename(path(taskId), join(aside, `${taskId}-${new Date().toISOString().replaceAll(':', '')}`));
    },
  };
}
