// The counts of the real file, as an independent program over the whole file (grouping by invoice in memory) found them.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromJson, type Purchase, type SourceTopic } from '../../../../schemas/index.ts';
import { openOnlineRetail } from '../../../../tools/replay/online-retail.ts';

const FILE = join(import.meta.dirname, '../../../../../shared/data/online_retail_2010-12_2011-12.csv.gz');

test('the real file gives the counts that an independent program finds', {
  skip: existsSync(FILE) ? false : `the data set is not there: ${FILE}`,
}, async () => {
  const reader = await openOnlineRetail(FILE);
  const seen: { [what: string]: number } = {};
  const ids = new Set<string>();
  const placedAt = new Map<string, number>();
  let lines = 0;
  let pieces = 0;
  let pence = 0;
  let lastAt = 0;
  for await (const steps of reader.read()) {
    for (const step of steps) {
      const what = step.kind === 'event' ? step.topic : step.code;
      seen[what] = (seen[what] ?? 0) + 1;
      if (step.kind !== 'event') continue;
      assert.ok(step.at >= lastAt, 'event time goes back');
      lastAt = step.at;
      const value = fromJson(step.topic as SourceTopic, step.value);
      ids.add(value.eventId);
      if (step.topic !== 'purchases') continue;
      const order = value as Purchase;
      if (order.status === 'placed') {
        placedAt.set(order.orderId, order.at);
        lines += order.lines.length;
        for (const line of order.lines) {
          pieces += line.quantity;
          pence += 100 * line.quantity * line.unitPrice;
        }
      } else {
        assert.ok(placedAt.get(order.orderId)! <= order.at, 'a cancellation before its order');
      }
    }
  }
  assert.deepEqual(seen, {
    catalog: 5_289,
    purchases: 19_773 + 3_694,
    'duplicate-row': 5_268,
    'unmatched-cancellation': 1_302,
    'not-a-product': 2_910,
    'missing-description': 1_448,
    'invalid-quantity': 474,
    'invalid-price': 573,
  });
  assert.equal(placedAt.size, 19_773);
  assert.equal(ids.size, 5_289 + 19_773 + 3_694);
  assert.equal(lines, 517_318);
  assert.equal(pieces, 5_561_417);
  // Mean prices of merged lines are rounded.
  assert.ok(Math.abs(pence / 100 - 10_247_905.13) < 1, `${pence / 100}`);
  const counts = Object.fromEntries(reader.counts().map(({ label, count }) => [label, count]));
  assert.deepEqual(counts, {
    'rows read': 541_909,
    'rows used in orders': 522_568,
    'rows used in cancellations': 7_366,
    'exact duplicates, used once': 5_268,
    'cancellations without a matching order': 1_302,
    'rows refused': 5_405,
    'rows merged into a line of the same order': 5_250,
  });
  // Every row has exactly one fate.
  assert.equal(522_568 + 7_366 + 5_268 + 1_302 + 5_405, 541_909);
});
