// What a piece of work costs, in CPU time of the process, so that others on the machine show less than by the clock. The work of its
// garbage collector and compiler threads counts.

/** Pieces that are measured as one: a single one may be shorter than the measure is exact. */
const GROUP = 20;

/** CPU time of the process so far, µs. */
export function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** µs that `work` takes on one of these values: the median over groups of {@link GROUP}; 0 of none. */
export function medianUs<T>(values: readonly T[], work: (value: T) => void): number {
  const groups: number[] = [];
  for (let from = 0; from < values.length; from += GROUP) {
    const group = values.slice(from, from + GROUP);
    const startedUs = cpuUs();
    for (const value of group) work(value);
    groups.push((cpuUs() - startedUs) / group.length);
  }
  return median(groups);
}

/** The middle one of some values; 0 of none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = Float64Array.from(values).sort();
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.floor(sorted.length / 2)]!) / 2;
}
