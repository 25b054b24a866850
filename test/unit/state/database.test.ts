import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Database } from '../../../engine/api/index.ts';
import { createMemoryDatabase, openRocksDatabase } from '../../../state/index.ts';
import { databaseConformance } from '../../conformance/database.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

databaseConformance('memory database', {
  open: async (_t, columnFamilies) => createMemoryDatabase({ columnFamilies }),
});

const paths = new WeakMap<TestContext, string>();

async function openAt(t: TestContext, path: string, columnFamilies: readonly string[]): Promise<Database> {
  const database = await openRocksDatabase(path, { columnFamilies });
  t.after(() => database.close());
  return database;
}

databaseConformance('RocksDB database', {
  open: async (t, columnFamilies) => {
    const path = join(temporaryDirectory(), 'data');
    paths.set(t, path);
    return openAt(t, path, columnFamilies);
  },
  reopen: (t, columnFamilies) => openAt(t, paths.get(t)!, columnFamilies),
});
