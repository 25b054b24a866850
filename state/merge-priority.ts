// RocksDB merges files in a thread of its own, half of a core for up to a second at a time. Where no core is to spare it takes
// that from the thread which commits, and from the broker that answers it; a late merge only costs later reads. RocksDB itself
// has a call for this (`Env::LowerThreadPoolCPUPriority`), which the binding leaves out, but Linux takes a priority for each thread.
// Flushes keep theirs: writes wait for them.

import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Of the pool that merges: RocksDB numbers its threads behind this. */
const MERGING = 'rocksdb:low';
/** A tenth of what a thread of normal priority gets where both want all of a core, and all of it where none does. */
const NICE = 10;
const THREADS = '/proc/self/task';

const lowered = new Set<string>();

/** Lets the threads that merge, which exist once a database is open, give way to others. Does nothing where the system has no such priorities. */
export function lowerMergePriority(): void {
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync(THREADS)) {
    if (lowered.has(thread)) continue;
    try {
      if (!readFileSync(`${THREADS}/${thread}/comm`, 'utf8').startsWith(MERGING)) continue;
      setPriority(Number(thread), NICE);
      lowered.add(thread);
    } catch {
      // A thread that has ended, or a sandbox that refuses: it merges as it did.
    }
  }
}
