import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { openClicks, timeOf } from '../../../../tools/evaluate/clicks-file.ts';
import { openEvents } from '../../../../tools/evaluate/event-file.ts';
import { openBaskets, readBaskets } from '../../../../tools/evaluate/retail-baskets.ts';
import { START_MS } from '../../../../tools/evaluate/sessions.ts';
import { readTestSessions, readTrainSessions, wholeSessions } from '../../../../tools/evaluate/sessions-files.ts';
import { openSessions } from '../../../../tools/evaluate/sessions-input.ts';
import type { AskStep, DataSet, LearnStep, Step } from '../../../../tools/evaluate/steps.ts';
import { temporaryFile } from '../support/files.ts';

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';

async function allOf(dataSet: DataSet): Promise<Step[]> {
  const all: Step[] = [];
  for await (const steps of dataSet.steps()) all.push(...steps);
  return all;
}

const asks = (steps: readonly Step[]) => steps.filter((step): step is AskStep => step.kind === 'ask');
const learned = (steps: readonly Step[], topic: string) =>
  steps.filter((step): step is LearnStep => step.kind === 'learn' && step.topic === topic);

test('prefixes of one session become one session again, and there is a question for each line', () => {
  const sessions = wholeSessions([
    ['a', 'b', 'c'],
    ['a', 'b'],
    ['a', 'b'],
    ['d', 'e', 'f'],
    ['x', 'y'],
  ]);
  assert.deepEqual(sessions, [
    { items: ['a', 'b', 'c'], askedFrom: 1 },
    { items: ['a', 'b'], askedFrom: 1 },
    { items: ['d', 'e', 'f'], askedFrom: 2 },
    { items: ['x', 'y'], askedFrom: 1 },
  ]);
  assert.equal(
    sessions.reduce((sum, { items, askedFrom }) => sum + items.length - askedFrom, 0),
    5,
  );
});

test('sessions files are read plain and gzip, and a line that is no question is refused with its number', async (t) => {
  const train = await temporaryFile(t, 'train.gz', gzipSync('1 2 3\n\n4  5\r\n'));
  assert.deepEqual(await readTrainSessions(train), [
    ['1', '2', '3'],
    ['4', '5'],
  ]);
  const bad = await temporaryFile(t, 'test.txt', '1 2\t3\n1 2 3\n');
  await assert.rejects(readTestSessions(bad), /line 2/);
});

test('train then test learns nothing of the test sessions; test then train learns each click after it was asked for', async (t) => {
  const train = await temporaryFile(t, 'train.txt', '1 2\n1 3\n');
  const test = await temporaryFile(t, 'test.txt', '2 3\t1\n2\t3\n');
  const input = { train, test, spanDays: 7, holdout: 0, limit: 100, askEvery: 1 };
  const split = await allOf(await openSessions({ ...input, protocol: 'train-then-test' }));
  assert.deepEqual(
    learned(split, 'clicks').map(({ visit }) => visit?.items),
    [['1'], ['2'], ['1'], ['3']],
  );
  assert.deepEqual(
    asks(split).map(({ query, targets, since, visitorId }) => [query, targets, since.length, visitorId]),
    [
      [['2'], ['3'], 1, undefined],
      [['2', '3'], ['1'], 2, undefined],
    ],
  );
  const stream = await allOf(await openSessions({ ...input, protocol: 'test-then-train' }));
  const kinds = stream.filter((step) => step.kind === 'ask' || step.topic === 'clicks').map(({ kind }) => kind);
  assert.deepEqual(kinds, ['learn', 'learn', 'learn', 'learn', 'learn', 'ask', 'learn', 'ask', 'learn']);
  assert.ok(asks(stream).every(({ visitorId, since }) => visitorId !== undefined && since.length === 0));
  const times = learned(stream, 'clicks').map(({ at }) => at - START_MS);
  assert.deepEqual(
    times,
    Array.from({ length: 7 }, (_, i) => i * 86_400_000),
  );
});

test('a holdout asks about the last training sessions and learns the others', async (t) => {
  const train = await temporaryFile(t, 'train.txt', '1 2\n1 3\n4 5\n6 7 8\n');
  const input = { train, test: undefined, spanDays: 10, limit: 1, askEvery: 1, holdout: 0.5 };
  const steps = await allOf(await openSessions({ ...input, protocol: 'train-then-test' }));
  assert.deepEqual(
    learned(steps, 'clicks').map(({ visit }) => visit?.items),
    [['1'], ['3']],
  );
  assert.deepEqual(
    asks(steps).map(({ targets }) => targets),
    [['5'], ['7'], ['8']],
  );
});

test('a table of clicks is ordered by time, whatever the order of columns and lines', async (t) => {
  const file = await temporaryFile(
    t,
    'clicks.tsv',
    'Time\tItemId\tSessionId\tOther\n1700000020\tb\ts1\tx\n1700000010\ta\ts1\tx\n1700000030\tc\ts2\tx\n1700000005\td\ts3\tx\n1700000040\td\ts2\tx\n',
  );
  const dataSet = await openClicks({ file, protocol: 'train-then-test', holdout: 0.3, limit: 100, askEvery: 1 });
  const steps = await allOf(dataSet);
  assert.deepEqual(
    learned(steps, 'clicks').map(({ visit, at }) => [visit?.items[0], at]),
    [
      ['d', 1_700_000_005_000],
      ['a', 1_700_000_010_000],
      ['b', 1_700_000_020_000],
    ],
  );
  assert.deepEqual(
    asks(steps).map(({ query, targets }) => [query, targets]),
    [[['c'], ['d']]],
  );
});

test('times are seconds, milliseconds or ISO 8601', () => {
  assert.equal(timeOf('1700000000.5'), 1_700_000_000_500);
  assert.equal(timeOf('1700000000000'), 1_700_000_000_000);
  assert.equal(timeOf('2016-05-09T00:00:00Z'), Date.UTC(2016, 4, 9));
  assert.equal(timeOf('soon'), undefined);
  assert.equal(timeOf(''), undefined);
});

test('invoices hold each product once, and nothing cancelled, free, returned or without a code of a product', async (t) => {
  const file = await temporaryFile(
    t,
    'retail.csv',
    [
      HEADER,
      '1,10001a,MUG,2,2010-12-01 08:00,1.5,77,France',
      '1,10001A,MUG,3,2010-12-01 08:00,1.5,77,France',
      '1,POST,POSTAGE,1,2010-12-01 08:00,5,77,France',
      '1,10002,"BOWL, BIG",1,2010-12-01 08:00,2,77,France',
      '1,10003,GIFT,1,2010-12-01 08:00,0,77,France',
      'C2,10001,MUG,-1,2010-12-01 09:00,1.5,77,France',
      '3,10004,,1,2010-12-01 07:00,2,,France',
      '',
    ].join('\n'),
  );
  const baskets = await readBaskets(file);
  assert.deepEqual(
    baskets.map(({ invoice, customer, lines }) => [
      invoice,
      customer,
      lines.map(({ itemId, title }) => [itemId, title]),
    ]),
    [
      ['3', undefined, [['10004', '10004']]],
      [
        '1',
        '77',
        [
          ['10001A', 'MUG'],
          ['10002', 'BOWL, BIG'],
        ],
      ],
    ],
  );
});

test('of a later invoice the next basket is asked of who has bought before, and its completion of everyone', async (t) => {
  const line = (invoice: string, code: string, time: string, customer: string) =>
    `${invoice},${code},THING,1,2010-12-01 ${time},1,${customer},France`;
  const file = await temporaryFile(
    t,
    'retail.csv',
    [
      HEADER,
      line('1', '10001', '08:00', '77'),
      line('2', '10002', '08:10', '88'),
      line('3', '10001', '08:20', '77'),
      line('3', '10002', '08:20', '77'),
      line('3', '10003', '08:20', '77'),
      line('4', '10004', '08:30', ''),
      line('4', '10001', '08:30', ''),
    ].join('\n'),
  );
  const steps = await allOf(await openBaskets({ file, holdout: 0.5, limit: 100, askEvery: 1 }));
  assert.deepEqual(
    asks(steps).map(({ task, visitorId, query, targets, since, history }) => [
      task,
      visitorId,
      query,
      targets,
      since.map(({ itemId, kind }) => [itemId, kind]),
      history,
    ]),
    [
      ['next basket', '77', ['10001'], ['10001', '10002', '10003'], [], 1],
      ['completion', '77', ['10001'], ['10002'], [['10001', 'addToCart']], 1],
      [
        'completion',
        '77',
        ['10001', '10002'],
        ['10003'],
        [
          ['10001', 'addToCart'],
          ['10002', 'addToCart'],
        ],
        2,
      ],
      ['completion', undefined, ['10004'], ['10001'], [['10004', 'addToCart']], 1],
    ],
  );
  // Each invoice is learned after what is asked about it.
  assert.deepEqual(
    steps.filter((step) => step.kind === 'ask' || step.topic === 'purchases').map(({ kind }) => kind),
    ['learn', 'learn', 'ask', 'ask', 'ask', 'learn', 'ask', 'learn'],
  );
});

test('events ask for the next look of a visitor who did something before, not for the item that was dealt with last', async (t) => {
  const click = (eventId: string, visitorId: string, itemId: string, at: number, kind = 'view') =>
    JSON.stringify({
      topic: 'clicks',
      key: visitorId,
      value: { eventId, visitorId, at: 1_790_000_000_000 + at, kind, itemId },
    });
  const order = JSON.stringify({
    topic: 'purchases',
    key: 'v',
    value: {
      eventId: 'o',
      orderId: 'o',
      visitorId: 'v',
      at: 1_790_000_000_100,
      status: 'placed',
      lines: [
        { itemId: 'b', quantity: 1, unitPrice: 1, currency: 'EUR' },
        { itemId: 'c', quantity: 1, unitPrice: 1, currency: 'EUR' },
      ],
    },
  });
  const lines = [
    click('1', 'v', 'a', 1),
    click('2', 'v', 'a', 2),
    click('3', 'v', 'b', 3),
    click('4', 'w', 'b', 4),
    click('5', 'v', 'b', 5, 'addToCart'),
    'no json',
    order,
    click('6', 'v', 'd', 3_600_000),
  ];
  const file = await temporaryFile(t, 'events.jsonl', `${lines.join('\n')}\n`);
  const steps = await allOf(await openEvents({ file, holdout: 1, askEvery: 1 }));
  assert.deepEqual(
    asks(steps).map(({ task, visitorId, targets, query, history }) => [task, visitorId, targets, query, history]),
    [
      ['next click', 'v', ['b'], ['a'], 1],
      ['next order', 'v', ['b', 'c'], ['a', 'b'], 2],
      // An hour later: a new session of a visitor who is known.
      ['next click', 'v', ['d'], ['a', 'b', 'c'], 0],
    ],
  );
});
