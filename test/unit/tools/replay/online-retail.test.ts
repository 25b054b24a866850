import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CatalogItem, fromJson, keyOf, type Purchase, type SourceTopic } from '../../../../schemas/index.ts';
import { openOnlineRetail } from '../../../../tools/replay/online-retail.ts';
import { parseInvoiceDate } from '../../../../tools/replay/online-retail-row.ts';
import { ReplayFileError } from '../../../../tools/replay/reader.ts';
import { stepsOf, temporaryFile } from '../support/files.ts';
import { codesOf, HEADER, readRows, row, valuesOf } from '../support/retail.ts';

test('an invoice becomes one order, its lines in the order of the file', async (t) => {
  const { steps } = await readRows(t, [
    row({ code: '22423', quantity: '2', price: '10.95' }),
    row({ code: '85123A' }),
    row({ invoice: '536366', code: '22632', date: '2010-12-01 08:28:00', customer: '13047', country: 'France' }),
  ]);
  const [first, second, ...others] = valuesOf<Purchase>(steps, 'purchases');
  assert.deepEqual(first, {
    eventId: 'online-retail:536365',
    orderId: '536365',
    visitorId: '17850',
    userId: null,
    sessionId: null,
    at: Date.UTC(2010, 11, 1, 8, 26),
    status: 'placed',
    lines: [
      { itemId: '22423', quantity: 2, unitPrice: 10.95, currency: 'GBP' },
      { itemId: '85123A', quantity: 6, unitPrice: 2.55, currency: 'GBP' },
    ],
    device: null,
    region: 'United Kingdom',
  });
  assert.equal(second?.region, 'France');
  assert.deepEqual(others, []);
});

test('a product is described when it first appears and when its title is written otherwise, just before the order', async (t) => {
  const { steps } = await readRows(t, [
    row({ code: '22423', title: 'REGENCY  CAKESTAND ' }),
    row({ code: '22423', title: 'REGENCY CAKESTAND', invoice: '2', date: '2010-12-02 08:00:00' }),
    row({ code: '22423', title: 'REGENCY CAKESTAND 3 TIER', invoice: '3', date: '2010-12-03 08:00:00', price: '9' }),
  ]);
  const items = valuesOf<CatalogItem>(steps, 'catalog');
  assert.deepEqual(
    items.map(({ eventId, title, price, at }) => [eventId, title, price, at]),
    [
      ['online-retail:item:22423:1', 'REGENCY CAKESTAND', 2.55, Date.UTC(2010, 11, 1, 8, 26)],
      ['online-retail:item:22423:2', 'REGENCY CAKESTAND 3 TIER', 9, Date.UTC(2010, 11, 3, 8)],
    ],
  );
  assert.deepEqual(
    steps.map((step) => (step.kind === 'event' ? step.topic : step.kind)),
    ['catalog', 'purchases', 'purchases', 'catalog', 'purchases'],
  );
});

test('the category is read from the words of the title', async (t) => {
  const { steps } = await readRows(t, [
    row({ code: '10001', title: 'RED RETROSPOT LUNCH BAGS' }),
    row({ code: '10002', title: 'WHITE HANGING HEART T-LIGHT HOLDER' }),
    row({ code: '10003', title: 'SOMETHING ELSE' }),
  ]);
  assert.deepEqual(
    valuesOf<CatalogItem>(steps, 'catalog').map((item) => item.categories[0]),
    ['bags', 'candles and lights', 'other gifts'],
  );
});

test('the same product twice in an invoice is one line with both pieces and their mean price', async (t) => {
  const { steps, counts } = await readRows(t, [
    row({ code: '22423', quantity: '1', price: '10' }),
    row({ code: '22423', quantity: '3', price: '6' }),
    row({ code: '20725', quantity: '1', price: '0.1' }),
    row({ code: '20725', quantity: '2', price: '0.1' }),
  ]);
  assert.deepEqual(valuesOf<Purchase>(steps, 'purchases')[0]?.lines, [
    { itemId: '22423', quantity: 4, unitPrice: 7, currency: 'GBP' },
    { itemId: '20725', quantity: 3, unitPrice: 0.1, currency: 'GBP' },
  ]);
  assert.equal(counts.find(({ label }) => label.startsWith('rows merged'))?.count, 2);
});

test('codes that differ only in the case of their letters are one product', async (t) => {
  const { steps } = await readRows(t, [row({ code: '85123A' }), row({ code: '85123a', invoice: '2' })]);
  assert.deepEqual(
    valuesOf<Purchase>(steps, 'purchases').map((order) => order.lines[0]?.itemId),
    ['85123A', '85123A'],
  );
  assert.equal(valuesOf(steps, 'catalog').length, 1);
});

test('an invoice without customer is an anonymous visitor of that one session', async (t) => {
  const { steps } = await readRows(t, [row({ customer: '' })]);
  const [order] = valuesOf<Purchase>(steps, 'purchases');
  assert.equal(order?.visitorId, 'invoice:536365');
  assert.equal(order?.sessionId, 'invoice:536365');
});

test('an exact duplicate is used once and counted, an almost equal row is used', async (t) => {
  const { steps } = await readRows(t, [
    row({ code: '22423' }),
    row({ code: '20725' }),
    row({ code: '22423' }),
    row({ code: '22423', quantity: '7' }),
    row({ code: '22423', invoice: '2' }),
  ]);
  assert.deepEqual(codesOf(steps, 'note'), ['duplicate-row']);
  assert.equal(valuesOf<Purchase>(steps, 'purchases')[0]?.lines[0]?.quantity, 13);
});

test('an invoice that is interrupted and runs over into the next minute stays one order, in the order of the file', async (t) => {
  const { steps } = await readRows(t, [
    row({ invoice: '1', code: '10001', date: '2011-02-01 11:19:00' }),
    row({ invoice: '2', code: '10002', date: '2011-02-01 11:19:00' }),
    row({ invoice: '1', code: '10003', date: '2011-02-01 11:20:00' }),
    row({ invoice: '3', code: '10001', date: '2011-02-01 11:21:00' }),
  ]);
  assert.deepEqual(
    valuesOf<Purchase>(steps, 'purchases').map(({ orderId, at, lines }) => [orderId, at, lines.length]),
    [
      ['1', Date.UTC(2011, 1, 1, 11, 19), 2],
      ['2', Date.UTC(2011, 1, 1, 11, 19), 1],
      ['3', Date.UTC(2011, 1, 1, 11, 21), 1],
    ],
  );
});

test('an invoice number that comes again much later is another event of the same order', async (t) => {
  const { steps } = await readRows(t, [
    row({ invoice: '1', code: '10001' }),
    row({ invoice: '2', code: '10001', date: '2010-12-02 08:00:00' }),
    row({ invoice: '1', code: '10002', date: '2010-12-03 08:00:00' }),
  ]);
  assert.deepEqual(
    valuesOf<Purchase>(steps, 'purchases').map(({ eventId, orderId }) => [eventId, orderId]),
    [
      ['online-retail:1', '1'],
      ['online-retail:2', '2'],
      ['online-retail:1:part-2', '1'],
    ],
  );
});

const ORDER_A = { invoice: '1', date: '2010-12-01 08:00:00' };
const ORDER_B = { invoice: '2', date: '2010-12-02 08:00:00' };
const CANCELLED = { invoice: 'C3', date: '2010-12-03 08:00:00' };

test('a cancelled invoice takes back from the latest earlier line of the customer with enough pieces left', async (t) => {
  const { steps } = await readRows(t, [
    row({ ...ORDER_A, quantity: '10' }),
    row({ ...ORDER_B, quantity: '4' }),
    row({ ...CANCELLED, quantity: '-6' }),
    row({ ...CANCELLED, quantity: '-4', price: '2.5' }),
  ]);
  const taken = valuesOf<Purchase>(steps, 'purchases').slice(2);
  assert.deepEqual(
    taken.map(({ eventId, orderId, status, at, lines }) => [eventId, orderId, status, at, lines[0]?.quantity]),
    [
      ['online-retail:C3:1', '1', 'cancelled', Date.UTC(2010, 11, 3, 8), 6],
      ['online-retail:C3:2', '2', 'cancelled', Date.UTC(2010, 11, 3, 8), 4],
    ],
  );
});

test('pieces that were taken back cannot be taken back again', async (t) => {
  const { steps } = await readRows(t, [
    row({ ...ORDER_A, quantity: '10' }),
    row({ ...CANCELLED, quantity: '-6' }),
    row({ ...CANCELLED, invoice: 'C4', quantity: '-6' }),
    row({ ...CANCELLED, invoice: 'C5', quantity: '-4' }),
  ]);
  assert.deepEqual(codesOf(steps, 'note'), ['unmatched-cancellation']);
  assert.deepEqual(
    valuesOf<Purchase>(steps, 'purchases').map(({ eventId }) => eventId),
    ['online-retail:1', 'online-retail:C3:1', 'online-retail:C5:1'],
  );
});

test('rows of one cancellation that match the same order are one event', async (t) => {
  const { steps } = await readRows(t, [
    row({ ...ORDER_A, code: '10001' }),
    row({ ...ORDER_A, code: '10002' }),
    row({ ...CANCELLED, code: '10001', quantity: '-2' }),
    row({ ...CANCELLED, code: '10002', quantity: '-1' }),
    row({ ...CANCELLED, code: '10001', quantity: '-3' }),
  ]);
  assert.deepEqual(
    valuesOf<Purchase>(steps, 'purchases')[1]?.lines.map(({ itemId, quantity }) => [itemId, quantity]),
    [
      ['10001', 5],
      ['10002', 1],
    ],
  );
});

test('a cancellation of another customer, another product, too many pieces, a later order or nobody is unmatched', async (t) => {
  const { steps, counts } = await readRows(t, [
    row({ ...ORDER_A }),
    row({ ...ORDER_A, invoice: '9', customer: '', date: '2010-12-01 08:01:00' }),
    row({ ...CANCELLED, quantity: '-1', customer: '99999' }),
    row({ ...CANCELLED, invoice: 'C4', quantity: '-1', code: '20725' }),
    row({ ...CANCELLED, invoice: 'C5', quantity: '-7' }),
    row({ ...CANCELLED, invoice: 'C6', quantity: '-1', customer: '' }),
    row({ ...CANCELLED, invoice: 'C7', quantity: '-1', code: '30001' }),
    row({ ...CANCELLED, invoice: '8', code: '30001', date: '2010-12-04 08:00:00' }),
  ]);
  assert.deepEqual(codesOf(steps, 'note'), new Array(5).fill('unmatched-cancellation'));
  assert.equal(counts.find(({ label }) => label.startsWith('cancellations without'))?.count, 5);
});

const REFUSED: readonly (readonly [why: string, line: string, code: string])[] = [
  ['a column too few', '536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850', 'malformed-row'],
  ['a column too many', `${row()},more`, 'malformed-row'],
  ['no invoice number', row({ invoice: '' }), 'malformed-row'],
  ['a quantity in words', row({ quantity: 'six' }), 'malformed-row'],
  ['half a piece', row({ quantity: '1.5' }), 'malformed-row'],
  ['a price in words', row({ price: 'free' }), 'malformed-row'],
  ['no date', row({ date: '' }), 'invalid-date'],
  ['a day that does not exist', row({ date: '2010-02-31 08:26:00' }), 'invalid-date'],
  ['postage', row({ code: 'POST' }), 'not-a-product'],
  ['a fee', row({ code: 'AMAZONFEE' }), 'not-a-product'],
  ['no code', row({ code: '' }), 'not-a-product'],
  ['no description', row({ title: '  ' }), 'missing-description'],
  ['no pieces', row({ quantity: '0' }), 'invalid-quantity'],
  ['a negative quantity in an order', row({ quantity: '-6' }), 'invalid-quantity'],
  ['a positive quantity in a cancellation', row({ invoice: 'C536365' }), 'invalid-quantity'],
  ['no price', row({ price: '0.0' }), 'invalid-price'],
  ['a negative price', row({ price: '-11062.06' }), 'invalid-price'],
];

for (const [why, line, code] of REFUSED) {
  test(`a row with ${why} is refused as ${code}, with its text and line`, async (t) => {
    const { steps } = await readRows(t, [row({ code: '20725' }), line, row({ code: '22423' })]);
    const refused = steps.filter((step) => step.kind === 'refused');
    assert.equal(refused.length, 1);
    assert.equal(refused[0]?.code, code);
    assert.equal(refused[0]?.raw, line);
    assert.equal(refused[0]?.line, 3);
    assert.equal(valuesOf<Purchase>(steps, 'purchases')[0]?.lines.length, 2);
  });
}

for (const code of ['gift_0001_40', 'DCGS0076', 'DCGSSBOY', '15056BL']) {
  test(`the code ${code} is a product`, async (t) => {
    const { steps } = await readRows(t, [row({ code })]);
    assert.equal(valuesOf<Purchase>(steps, 'purchases')[0]?.lines[0]?.itemId, code);
  });
}

test('dates are read as UTC in the form of the data set and in that of its spreadsheet', () => {
  assert.equal(parseInvoiceDate('2011-06-01 12:05:00'), Date.UTC(2011, 5, 1, 12, 5));
  assert.equal(parseInvoiceDate('12/1/2010 8:26'), Date.UTC(2010, 11, 1, 8, 26));
  assert.equal(parseInvoiceDate('13/1/2010 8:26'), undefined);
});

test('a gzip file gives the same steps as the plain one, whatever it is called', async (t) => {
  const text = [HEADER, row(), row({ code: 'POST' }), row({ invoice: 'C1', quantity: '-1' })].join('\r\n');
  const plain = await openOnlineRetail(await temporaryFile(t, 'data.gz', text));
  const packed = await openOnlineRetail(await temporaryFile(t, 'data.csv', gzipSync(text)));
  assert.deepEqual(await stepsOf(packed), await stepsOf(plain));
  assert.equal(packed.bytesRead, packed.totalBytes);
});

test('reading again gives the same steps and counts them once', async (t) => {
  const reader = await openOnlineRetail(await temporaryFile(t, 'a.csv', [HEADER, row(), row()].join('\n')));
  const first = await stepsOf(reader);
  assert.deepEqual(await stepsOf(reader), first);
  assert.equal(reader.unitsRead, 2);
});

test('every event keeps its contract', async (t) => {
  const { steps } = await readRows(t, [
    row(),
    row({ ...CANCELLED, quantity: '-1' }),
    row({ invoice: '4', customer: '' }),
  ]);
  for (const step of steps) {
    if (step.kind !== 'event') continue;
    assert.equal(keyOf(step.topic as SourceTopic, fromJson(step.topic as SourceTopic, step.value)), step.key);
  }
});

test('a file that is missing, empty, cut off or of another kind is refused with a clear word', async (t) => {
  await assert.rejects(openOnlineRetail('/nowhere/retail.csv'), ReplayFileError);
  const broken: readonly (readonly [string | Uint8Array, RegExp])[] = [
    ['', /is empty/],
    ['a,b,c\n1,2,3\n', /is not an Online Retail file/],
    [gzipSync([HEADER, row()].join('\n')).subarray(0, 60), /is damaged/],
  ];
  for (const [contents, text] of broken) {
    const reader = await openOnlineRetail(await temporaryFile(t, 'broken.csv', contents));
    await assert.rejects(stepsOf(reader), (error) => error instanceof ReplayFileError && text.test(error.message));
  }
});
