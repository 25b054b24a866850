// How the benchmark starts programs of this folder.

import { join } from 'node:path';

/**
 * A young generation of two halves of 16 MB, where Node 24 takes up to 110 MB: of pairs of runs, as much CPU and 80 MiB less resident
 * (docs/performance.md).
 */
const FLAGS = '--no-warnings --max-semi-space-size=16';

/** Command of a file in this folder. */
export const benchCommand = (...path: string[]): string =>
  `${process.execPath} ${FLAGS} ${join(import.meta.dirname, ...path)}`;
