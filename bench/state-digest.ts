// What an ended instance has of its tasks' state, as one hash per store.

import { createHash } from 'node:crypto';
import { POSITION_COLUMN_FAMILY } from '../engine/runtime/position.ts';
import { rocksTaskDatabases } from '../state/index.ts';

/** By store: a hash over the keys and values of all tasks, and their number. Positions are left out. */
export async function stateDigest(
  directory: string,
  columnFamilies: readonly string[],
): Promise<{ [store: string]: string }> {
  const databases = rocksTaskDatabases(directory, columnFamilies);
  const hashes = new Map(columnFamilies.map((name) => [name, { hash: createHash('sha256'), keys: 0 }]));
  hashes.delete(POSITION_COLUMN_FAMILY);
  for (const taskId of await databases.stored()) {
    const database = await databases.open(taskId);
    for (const [name, digest] of hashes)
      for (const [key, value] of database.scan(name, {})) {
        digest.hash.update(`${key.length} ${value.length} `).update(key).update(value);
        digest.keys += 1;
      }
    await database.close();
  }
  return Object.fromEntries(
    Array.from(hashes, ([name, { hash, keys }]) => [name, `${keys} keys, ${hash.digest('hex')}`]),
  );
}
