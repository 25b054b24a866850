// What a process has cost so far, as Linux tells it (proc(5): stat, status). Elsewhere the benchmark does not run.

import { readFileSync } from 'node:fs';

/** USER_HZ: 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
/** Fields of stat behind the command's name, which may hold spaces: utime is the 14th of all, so the 12th behind it. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;

export interface ProcessCost {
  readonly cpuSeconds: number;
  /** Most memory that it has had resident at once. */
  readonly peakBytes: number;
}

/** @throws Error when there is no such process. */
export function processCost(pid: number): ProcessCost {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    cpuSeconds: (Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME])) / TICKS_PER_SECOND,
    peakBytes: Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024,
  };
}
