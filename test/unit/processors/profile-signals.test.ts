import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignalTable } from '../../../processors/profile/signal-text.ts';
import { DEFAULT_SIGNALS, kindBit, SignalTable } from '../../../processors/profile/signals.ts';
import { purchase, recordsOf, VisitorPipeline } from '../../support/visitor-pipeline.ts';

test('a table comes back from its text, and what is not named keeps its default', () => {
  const table = parseSignalTable('view=0.5/0/1, dislike = 0/0/-7.5 ,returned=0.25') as SignalTable;
  assert.deepEqual(table.of('view'), { pair: 0.5, popularity: 0, profile: 1, isLook: true });
  assert.deepEqual(table.of('dislike'), { pair: 0, popularity: 0, profile: -7.5, isLook: false });
  assert.deepEqual(table.of('purchase'), DEFAULT_SIGNALS.of('purchase'));
  assert.deepEqual([table.others.cancelled, table.others.returned], [1, 0.25]);
  assert.equal(String(parseSignalTable(String(table))), String(table));
  assert.equal(table.pairWeightOf(kindBit.view | kindBit.rate), 0.5);
});

test('a text that is no table is refused with what is wrong', () => {
  for (const [text, word] of [
    ['', 'not signal'],
    ['view', 'not signal'],
    ['view=1/2', 'takes pairs/popularity/taste'],
    ['view=1/2/x', 'not signal'],
    ['view=-1/2/3', 'takes pairs/popularity/taste'],
    ['view=1/2/101', 'takes pairs/popularity/taste'],
    ['stare=1/2/3', '"stare", which is no signal'],
    ['toString=1/2/3', '"toString", which is no signal'],
    ['searched=101', 'one number from 0 to 100'],
    ['cancelled=1.5', 'one number from 0 to 1'],
    ['returned=0.5/1', 'one number from 0 to 1'],
  ] as const) {
    const mistake = parseSignalTable(text);
    assert.ok(typeof mistake === 'string' && mistake.includes(word), `${text}: ${mistake}`);
  }
});

test('a signal weighs what the table says, and a return takes back its share of what the order contributed', async () => {
  const signals = new SignalTable({ purchase: { pair: 4, popularity: 6 } }, { returned: 0.25 });
  const pipeline = new VisitorPipeline({ signals });
  const at = 1_700_000_000_000;
  const lines: [string, number][] = [
    ['a', 1],
    ['b', 1],
  ];
  await pipeline.process(recordsOf(purchase(lines, { at, eventId: 'placed' })));
  const [n, sums] = [pipeline.row('a')!.n, [...pipeline.profile('ann')!.vector!.sums]];
  await pipeline.process(recordsOf(purchase(lines, { at: at + 1000, eventId: 'back', status: 'returned' })));
  assert.ok(Math.abs(pipeline.row('a')!.n / n - 0.75) < 1e-9);
  for (const [i, sum] of pipeline.profile('ann')!.vector!.sums.entries())
    assert.ok(Math.abs(sum - 0.75 * sums[i]!) < 1e-9 * Math.abs(sums[i]!) + 1e-300);
  assert.deepEqual(pipeline.profile('ann')!.bought, []);
});
