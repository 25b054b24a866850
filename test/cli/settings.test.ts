// `freshet settings` on a data folder: applied, shown, applied again, taken back; and a file with mistakes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { databasePath } from '../../app/embedded.ts';
import { systemClock } from '../../engine/api/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY, placementKey, placementSerde } from '../../lists/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = temporaryDirectory();
const dataDir = join(folder, 'data');

function freshet(...parameters: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'freshet.js'), ...parameters], {
    cwd: folder,
    env: { PATH: process.env.PATH, FRESHET_PARTITIONS: '2', FRESHET_DATA_DIR: dataDir },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

function apply(settings: object) {
  const file = join(folder, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return freshet('settings', 'apply', file);
}

/** What the endpoint would read of a placement. */
async function published(name: string) {
  const database = await openRocksDatabase(databasePath(dataDir), {
    columnFamilies: [LISTS_COLUMN_FAMILY],
    readOnly: true,
  });
  const lists = createEmbeddedListStore({ database, clock: systemClock });
  const [entry] = await lists.getMany([placementKey(name)]);
  await lists.close();
  await database.close();
  return entry === undefined ? undefined : placementSerde.deserialize(entry.value);
}

test('a file is applied once, shown as it was written, and taken back', async () => {
  const home = { lists: [{ definition: 'for-you', max: 4 }], n: 6 };
  const settings = { definitions: { 'buy-again': { length: 9 } }, placements: { home } };
  const first = apply(settings);
  assert.equal(first.status, 0, first.stderr);
  assert.match(first.stdout, /^\+ definition buy-again \(added\)\n\+ placement home \(added\)\n2 of 2/);
  assert.equal((await published('home'))?.n, 6);
  assert.match(apply(settings).stdout, /0 of 2 settings changed/);
  assert.deepEqual(JSON.parse(freshet('settings', 'show').stdout), settings);
  assert.match(apply({ placements: { home: null } }).stdout, /^- placement home \(removed\)/);
  assert.equal(await published('home'), undefined);
});

test('a file with a mistake changes nothing and says where it is', () => {
  const before = freshet('settings', 'show').stdout;
  const { status, stderr } = apply({
    placements: { a: { lists: [{ definition: 'for-you' }] }, b: { lists: [{ definition: 'x' }] } },
  });
  assert.equal(status, 1);
  assert.match(stderr, /placements\.b: lists\[0\]\.definition/);
  assert.doesNotMatch(stderr, /at .*\.ts/);
  assert.equal(freshet('settings', 'show').stdout, before);
});
