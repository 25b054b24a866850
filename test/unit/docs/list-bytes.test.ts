// The bytes that docs/adr/0002-binary-lists.md gives for one list in three formats.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type TopList, topListSerde } from '../../../lists/index.ts';
import { list } from '../../golden/lists/sample.ts';
import { readPage, tableRows } from './pages.ts';

const CAUSES = 20;
const causes = Array.from({ length: CAUSES }, (_, i) => ({
  kind: 'viewed' as const,
  itemId: `item-${20_000 + i}`,
  title: `Trail Lantern number ${i}`,
}));

/** Eight decimals, as the scorers round. */
const partOf = (item: number, place: number) =>
  Math.round((1e8 * Math.abs(Math.sin(item * 3 + place + 1))) / (place + 1)) / 1e8;

const sample: TopList = {
  ...list,
  items: Array.from({ length: 60 }, (_, i) => {
    const reasons = [0, 1, 2].map((place) => ({ ...causes[(i + place) % CAUSES]!, part: partOf(i, place) }));
    return { id: `item-${10_000 + i * 37}`, score: reasons.reduce((sum, { part }) => sum + part, 0), reasons };
  }),
};

test('the record on binary lists gives the bytes of a list as they are', () => {
  const withTable = {
    ...sample,
    causes,
    items: sample.items.map(({ id, score, reasons }) => ({
      id,
      score,
      reasons: reasons.map(({ itemId, part }) => [causes.findIndex((cause) => cause.itemId === itemId), part]),
    })),
  };
  const rows = tableRows(readPage('docs/adr/0002-binary-lists.md'), '| | bytes');
  const written = rows.map(([, bytes]) => Number(bytes!.replaceAll(',', '')));
  assert.deepEqual(written, [
    topListSerde.serialize(sample).length,
    JSON.stringify(sample).length,
    JSON.stringify(withTable).length,
  ]);
});
