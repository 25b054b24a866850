import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesOf, readSettingsFile, SettingsFileError } from '../../../app/settings-file.ts';
import type { Setting } from '../../../schemas/records.ts';

const home = { lists: [{ definition: 'for-you', max: 4 }], n: 6 };
const stored = (kind: Setting['kind'], name: string, body: object): Setting => ({
  eventId: 'e',
  name,
  at: 0,
  kind,
  body: JSON.stringify(body),
});
const changes = (file: object, current: readonly Setting[]) =>
  changesOf(readSettingsFile(JSON.stringify(file)), new Map(current.map((setting) => [setting.name, setting]))).map(
    ({ kind, name, change }) => `${kind} ${name} ${change}`,
  );

test('what is new is added, what is null is removed, and what means the same is left alone', () => {
  const current = [
    stored('placement', 'home', { n: 6, fallbacks: ['popular'], lists: [{ max: 4, definition: 'for-you' }] }),
    stored('placement', 'cart', home),
    stored('placement', 'old', home),
    stored('placement', 'kept', home),
  ];
  const file = {
    definitions: { 'buy-again': { length: 5 } },
    placements: { home, cart: { ...home, n: 7 }, old: null, never: null },
  };
  assert.deepEqual(changes(file, current), [
    'definition buy-again added',
    'placement home unchanged',
    'placement cart changed',
    'placement old removed',
    'placement never unchanged',
  ]);
});

test('a setting that stands but cannot be used is changed, not kept', () => {
  assert.deepEqual(changes({ placements: { home } }, [stored('placement', 'home', { lists: [] })]), [
    'placement home changed',
  ]);
});

test('every mistake of a file is named with its place, and none of it is taken', () => {
  const file = {
    definitions: { 'bought-together': {}, 'buy-again': { length: 0 } },
    placements: { 'for-you': home, 'a b': home, home: { ...home, lists: [{ definition: 'best' }], colour: 'red' } },
  };
  assert.throws(
    () => readSettingsFile(JSON.stringify(file)),
    (error: unknown) => {
      assert.ok(error instanceof SettingsFileError);
      const lines = error.message.split('\n').slice(1);
      assert.deepEqual(
        lines.map((line) => line.trim().split(':').slice(0, 2).join(':').split(' ')[0]),
        [
          'definitions.bought-together:',
          'definitions.buy-again:',
          'placements.for-you:',
          'placements.a',
          'placements.home:',
          'placements.home:',
        ],
      );
      return true;
    },
  );
});

test('what is no such file is refused', () => {
  for (const text of ['', '[]', '{"placement":{}}', '{"placements":{"home":3}}', '{"placements":[]}'])
    assert.throws(() => readSettingsFile(text), SettingsFileError, text);
});
