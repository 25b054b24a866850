import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pairDeltasSerde } from '../../../processors/co-occurrence/pair-deltas.ts';
import { rowSerde } from '../../../processors/co-occurrence/row-codec.ts';
import { ROW_ENTRIES, ROW_GROWN_ENTRIES } from '../../../processors/co-occurrence/row-update.ts';
import { DEFAULT_HALF_LIVES, valueFactor, weightAt } from '../../../processors/decay.ts';
import { neighbourSerde, roundedMass } from '../../../processors/neighbours.ts';
import { segmentDeltasSerde } from '../../../processors/profile/segment-deltas.ts';
import { itemHash } from '../../../schemas/item-hash.ts';
import { entriesOf } from '../../support/row-entries.ts';
import { click, purchase, recordsOf, VisitorPipeline } from '../../support/visitor-pipeline.ts';

const T = 1_700_000_000_000;
const { rowsMs } = DEFAULT_HALF_LIVES;

/** Views of `hub` after each of so many others, each in a session of its own. */
function star(partners: number) {
  return Array.from({ length: partners }, (_, i) => [
    click({ visitorId: `v${i}`, itemId: `p${i}` }),
    click({ visitorId: `v${i}`, itemId: 'hub' }),
  ]).flat();
}

describe('ITEMS', () => {
  test('A row beyond its bound is cut to the heaviest partners and keeps the mass of the others in its totals', async () => {
    const pipeline = new VisitorPipeline();
    // p0 and p1 are met twice.
    await pipeline.process(
      recordsOf(
        ...star(2).map((event) => ({ ...event, eventId: `${event.eventId}-again`, visitorId: `w${event.visitorId}` })),
      ),
    );
    await pipeline.process(recordsOf(...star(ROW_GROWN_ENTRIES + 1)));
    const row = pipeline.row('hub')!;
    assert.equal(row.size, ROW_ENTRIES);
    const hashes = entriesOf(row).map(({ hash }) => hash);
    assert.deepEqual(
      hashes,
      hashes.toSorted((one, other) => one - other),
    );
    assert.ok(hashes.includes(itemHash('p0')) && hashes.includes(itemHash('p1')));
    const factor = valueFactor(T, row.landmarkMs, rowsMs);
    assert.ok(Math.abs(row.backward * factor - (ROW_GROWN_ENTRIES + 3)) < 1e-9);
  });

  test('What is taken back of a partner that was evicted leaves the totals, is dropped from the row and counted', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    await pipeline.process(
      recordsOf(
        purchase(
          [
            ['weak', 1],
            ['hub', 1],
          ],
          { at: T - 500 * 86_400_000, visitorId: 'old' },
        ),
      ),
    );
    await pipeline.process(recordsOf(...star(ROW_GROWN_ENTRIES)));
    const before = { ...pipeline.row('hub')! };
    assert.ok(entriesOf(before).every(({ hash }) => hash !== itemHash('weak')));
    await pipeline.process(recordsOf(purchase([['weak', 1]], { visitorId: 'old', status: 'returned', at: T })));
    assert.equal(pipeline.items[0]!.metrics.count('freshet.items.retractions.dropped'), 2);
    const after = pipeline.row('hub')!;
    assert.equal(after.together, 0);
    assert.ok(after.backward < before.backward);
    assert.equal(pipeline.row('weak')!.size, 0);
  });

  test('An item that was only dealt with decades ago, in one batch with something of now, has masses that are numbers', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    const at = Date.UTC(2000, 0, 1);
    await pipeline.process(recordsOf(click({ itemId: 'old', visitorId: 'late', at }), click({ itemId: 'new' })));
    const { n, recent } = pipeline.neighbours.get('old')!;
    assert.ok(n > 0.9);
    assert.equal(recent, 0);
  });

  test('A hash that belongs to another id is refused and counted', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1, collides: (_, itemId) => itemId === 'b' });
    await pipeline.process(recordsOf(click({ itemId: 'a' }), click({ itemId: 'b' }), click({ itemId: 'c' })));
    assert.equal(pipeline.items[0]!.metrics.count('freshet.items.hash_collisions'), 1);
    assert.equal(pipeline.row('b'), undefined);
    assert.deepEqual(
      entriesOf(pipeline.row('a')!).map(({ hash }) => hash),
      [itemHash('c')],
    );
  });

  test('An item is published at once, then at most once per interval, and the last change at its end', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1, publishIntervalMs: 1000 });
    const items = pipeline.items[0]!;
    for (let i = 0; i < 5; i++) await pipeline.process(recordsOf(click({ at: T + i * 100, visitorId: `v${i}` })));
    assert.equal(pipeline.itemCalls.length, 1);
    assert.deepEqual([...items.values('waiting').keys()], ['a']);
    items.advanceTo(T + 999);
    assert.equal(pipeline.itemCalls.length, 1);
    items.advanceTo(T + 2100);
    assert.equal(pipeline.itemCalls.length, 2);
    assert.equal(items.values('waiting').size, 0);
    items.advanceTo(T + 9000);
    assert.equal(pipeline.itemCalls.length, 2);
    const [first, last] = pipeline.itemCalls.map(([item]) => item!);
    assert.equal(first!.record.n, Math.fround(weightAt(T, first!.record.landmarkMs, rowsMs)));
    assert.equal(last!.asOf.at, T + 400);
  });

  test('While the task is behind, what changes is published every five seconds at once; the rest when it has caught up', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1, publishIntervalMs: 1000 });
    const items = pipeline.items[0]!;
    const published = () => pipeline.itemCalls.splice(0).map((call) => call.map(({ record }) => record.itemId).sort());
    items.behind = 2;
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T })));
    assert.deepEqual(published(), [['a']]);
    await pipeline.process(recordsOf(click({ itemId: 'b', at: T + 1500, visitorId: 'v1' })));
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T + 3000, visitorId: 'v2' })));
    items.advanceTo(T + 4500);
    assert.deepEqual(published(), []);
    assert.deepEqual([...items.values('waiting').keys()].sort(), ['a', 'b']);
    await pipeline.process(recordsOf(click({ itemId: 'c', at: T + 5000, visitorId: 'v3' })));
    assert.deepEqual(published(), [['a', 'b', 'c']]);
    assert.equal(items.values('waiting').size, 0);
    await pipeline.process(recordsOf(click({ itemId: 'b', at: T + 6500, visitorId: 'v4' })));
    assert.deepEqual(published(), []);
    items.behind = 0;
    items.advanceTo(T + 7500);
    assert.deepEqual(published(), [['b']]);
  });

  test('A batch that keeps up publishes what waits from when the task was behind', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1, publishIntervalMs: 1000 });
    const items = pipeline.items[0]!;
    items.behind = 1;
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T })));
    await pipeline.process(recordsOf(click({ itemId: 'b', at: T + 100, visitorId: 'v1' })));
    items.behind = 0;
    await pipeline.process(recordsOf(click({ itemId: 'c', at: T + 200, visitorId: 'v2' })));
    const published = pipeline.itemCalls.map((call) => call.map(({ record }) => record.itemId).sort());
    assert.deepEqual(published, [['a'], ['b', 'c']]);
  });

  test('A list is made again from the last published record, whatever the row has become since', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    await pipeline.process(recordsOf(click({ itemId: 'a' }), click({ itemId: 'b' })));
    const published = pipeline.itemCalls[0]!;
    await pipeline.process(recordsOf(click({ itemId: 'a', visitorId: 'bob', at: T + 1 })));
    pipeline.itemsProcessors[0]!.republish('lists', ['a', 'b', 'never']);
    assert.deepEqual(pipeline.republished, [{ sink: 'lists', keys: ['a', 'b', 'never'], items: published }]);
  });

  test('The published record has the row, rounded as its bytes hold it, at the landmark of its newest event', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    await pipeline.process(
      recordsOf(click({ itemId: 'a', at: T - 200 * rowsMs }), click({ itemId: 'b', at: T - 200 * rowsMs })),
    );
    await pipeline.process(recordsOf(click({ itemId: 'a', at: T }), click({ itemId: 'b', at: T })));
    const { record } = pipeline.itemCalls.at(-1)!.find(({ record }) => record.itemId === 'a')!;
    assert.deepEqual([...record.f], [roundedMass(weightAt(T, record.landmarkMs, rowsMs))]);
    assert.deepEqual(neighbourSerde.deserialize(neighbourSerde.serialize(record)), record);
  });

  test('Rows do not depend on the order in which deltas of one half-life arrive', async () => {
    const events = [
      purchase(
        [
          ['a', 1],
          ['b', 1],
        ],
        { visitorId: 'x' },
      ),
      purchase(
        [
          ['b', 1],
          ['c', 1],
        ],
        { visitorId: 'y', orderId: 'o2' },
      ),
    ];
    const masses = await Promise.all(
      [events, events.toReversed()].map(async (order) => {
        const pipeline = new VisitorPipeline({ partitions: 1 });
        for (const event of order) await pipeline.process(recordsOf(event));
        const row = pipeline.row('b')!;
        return { n: row.n, together: row.together, entries: entriesOf(row).map(({ hash, o }) => [hash, o]) };
      }),
    );
    assert.deepEqual(masses[0], masses[1]);
  });
});

describe('Bytes of co-occurrence', () => {
  test('A row reads back as it was, and its bytes are those of version 2', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    await pipeline.process(
      recordsOf(click({ eventId: 'e1', itemId: 'a' }), click({ eventId: 'e2', itemId: 'b', at: T + 7 })),
    );
    await pipeline.process(recordsOf(click({ eventId: 'e3', visitorId: 'bob', itemId: 'a', at: T + 8 })));
    const row = pipeline.row('a')!;
    const bytes = rowSerde.serialize(row);
    const again = rowSerde.deserialize(bytes);
    assert.deepEqual(rowSerde.serialize(again), bytes);
    assert.equal(again.publishedAsOf!.at, T + 7);
    assert.equal(again.asOf.at, T + 8);
    assert.equal(again.isWaiting, true);
    assert.equal(again.isBoughtWith, false);
    assert.equal(Buffer.from(bytes).toString('hex'), GOLDEN_ROW);
    const mayBeBoughtWith = { ...again, isBoughtWith: true };
    assert.deepEqual(rowSerde.deserialize(Buffer.from(UNFLAGGED_ROW, 'hex')), mayBeBoughtWith);
    assert.deepEqual(rowSerde.deserialize(Buffer.from(OLDER_ROW, 'hex')), { ...mayBeBoughtWith, recent: 0 });
    assert.throws(() => rowSerde.deserialize(bytes.subarray(0, 20)), { code: 'STATE_FORMAT_UNKNOWN' });
  });

  test('Pair deltas have the bytes of version 2, segment deltas those of version 1, and both refuse others', async () => {
    const pipeline = new VisitorPipeline({ partitions: 1 });
    await pipeline.process(
      recordsOf(
        purchase(
          [
            ['a', 1],
            ['b', 1],
          ],
          { eventId: 'e1', device: 'phone' },
        ),
      ),
    );
    const pairs = pairDeltasSerde.serialize(pipeline.lastPairs[0]!.value);
    assert.equal(Buffer.from(pairs).toString('hex'), GOLDEN_PAIRS);
    const older = pairDeltasSerde.deserialize(Buffer.from(OLDER_PAIRS, 'hex'));
    assert.deepEqual(older.entries, pairDeltasSerde.deserialize(pairs).entries);
    assert.deepEqual(
      older.rows,
      pairDeltasSerde.deserialize(pairs).rows.map((row) => ({ ...row, recent: 0 })),
    );
    const segments = segmentDeltasSerde.serialize(pipeline.segmentDeltas[0]!);
    assert.equal(Buffer.from(segments).toString('hex'), GOLDEN_SEGMENTS);
    assert.throws(() => pairDeltasSerde.deserialize(pairs.subarray(0, 30)), { code: 'pair-deltas-malformed' });
    assert.throws(() => pairDeltasSerde.deserialize(Uint8Array.of(7)), { code: 'pair-deltas-version' });
    assert.throws(() => segmentDeltasSerde.deserialize(segments.subarray(0, 30)), { code: 'segment-deltas-malformed' });
  });
});

/** Of the releases without `recent`. */
const OLDER_ROW =
  '010780c097fed5625986de245f870e4000000000000000000000000000000000e11e13255f87fe3f0000000000000000000000000000000090a0abfef96290a0abfef96206636c69636b730000020265330265328ea0abfef9628ea0abfef96206636c69636b7300010102653201957ee7b3c25b0001e11e13255f87fe3f';
const OLDER_PAIRS =
  '0180c097fed56202f4266701feec1c0161957ee7b3c25b0001620180a0abfef9620970757263686173657300000265310200003b4c725b87e51640a46598245f87fe3f000000000000000080a0abfef9620101053b4c725b87e51640a46598245f87fe3f01003b4c725b87e51640a46598245f87fe3f000000000000000080a0abfef9620100063b4c725b87e51640a46598245f87fe3f';
const UNFLAGGED_ROW =
  '020780c097fed5625986de245f870e40c6346294b2f5754000000000000000000000000000000000e11e13255f87fe3f0000000000000000000000000000000090a0abfef96290a0abfef96206636c69636b730000020265330265328ea0abfef9628ea0abfef96206636c69636b7300010102653201957ee7b3c25b0001e11e13255f87fe3f';
const GOLDEN_ROW =
  '020f80c097fed5625986de245f870e40c6346294b2f5754000000000000000000000000000000000e11e13255f87fe3f0000000000000000000000000000000090a0abfef96290a0abfef96206636c69636b730000020265330265328ea0abfef9628ea0abfef96206636c69636b7300010102653201957ee7b3c25b0001e11e13255f87fe3f';
const GOLDEN_PAIRS =
  '0280c097fed56202f4266701feec1c0161957ee7b3c25b0001620180a0abfef9620970757263686173657300000265310200003b4c725b87e51640e5fd1aee45788040a46598245f87fe3f000000000000000080a0abfef9620101053b4c725b87e51640a46598245f87fe3f01003b4c725b87e51640e5fd1aee45788040a46598245f87fe3f000000000000000080a0abfef9620100063b4c725b87e51640a46598245f87fe3f';
const GOLDEN_SEGMENTS =
  '0180e08da6e96280e0d2dff86202016101620406676c6f62616c80a0abfef9620970757263686173657300000265310200ab5f4e6a09342240b4870d4a3b7e234001ab5f4e6a09342240b4870d4a3b7e234006686f75723d3580a0abfef9620970757263686173657300000265310200ab5f4e6a09342240b4870d4a3b7e234001ab5f4e6a09342240b4870d4a3b7e234008736561736f6e3d3480a0abfef9620970757263686173657300000265310200ab5f4e6a09342240b4870d4a3b7e234001ab5f4e6a09342240b4870d4a3b7e23400c6465766963653d70686f6e6580a0abfef9620970757263686173657300000265310200ab5f4e6a09342240b4870d4a3b7e234001ab5f4e6a09342240b4870d4a3b7e2340';
