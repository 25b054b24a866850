import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openObjectStore } from '../../../../engine/archive/index.ts';
import { objectStoreConformance } from '../../../conformance/object-store.ts';
import { collect } from '../../../support/history.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';

objectStoreConformance('a folder', {
  open: async () => openObjectStore(join(temporaryDirectory(), 'not', 'made', 'yet')),
  manyObjects: 1_020,
});

test('what a writer that died left half written is not listed, and goes after a day', async () => {
  const root = temporaryDirectory();
  const incoming = join(root, '.incoming');
  mkdirSync(incoming);
  for (const name of ['old', 'young']) writeFileSync(join(incoming, name), 'half an obj');
  const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
  utimesSync(join(incoming, 'old'), twoDaysAgo, twoDaysAgo);
  const store = await openObjectStore(root);
  await store.put('clicks/0/a', Buffer.from('whole'));
  assert.deepEqual((await collect(store.list(''))).flat(), [{ name: 'clicks/0/a', bytes: 5 }]);
  assert.deepEqual(readdirSync(incoming), ['young']);
});

test('what cannot be cleaned up keeps no object from being put', async () => {
  const root = temporaryDirectory();
  const stuck = join(root, '.incoming', 'a folder');
  mkdirSync(stuck, { recursive: true });
  const twoDaysAgo = Date.now() / 1_000 - 2 * 86_400;
  utimesSync(stuck, twoDaysAgo, twoDaysAgo);
  const store = await openObjectStore(root);
  await store.put('clicks/0/a', Buffer.from('whole'));
  assert.deepEqual((await collect(store.list(''))).flat(), [{ name: 'clicks/0/a', bytes: 5 }]);
});

test('an object that cannot be put in its place leaves nothing behind', async () => {
  const root = temporaryDirectory();
  const store = await openObjectStore(root);
  mkdirSync(join(root, 'taken', 'by a folder'), { recursive: true });
  await assert.rejects(store.put('taken', Buffer.from('x')));
  assert.deepEqual(readdirSync(join(root, '.incoming')), []);
});
