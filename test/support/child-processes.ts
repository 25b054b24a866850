// The processes that a process has started, as Linux tells.

import { readFile } from 'node:fs/promises';

/** Their ids, oldest first. */
export async function childProcessesOf(pid: number): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.split(' ').filter(Boolean).map(Number);
}
