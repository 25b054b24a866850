// POPULARITY over commits, undone batches and restarts: its state is what the stores hold, and nothing beside it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StateStore } from '../../../engine/api/index.ts';
import { PopularityProcessor } from '../../../processors/popularity.ts';
import { publishedSegmentSerde } from '../../../processors/popularity-published.ts';
import { segmentBaseSerde, segmentHeadSerde } from '../../../processors/popularity-stored.ts';
import type { SegmentDeltas } from '../../../processors/profile/segment-deltas.ts';
import { FakeContext, streamRecord } from '../../support/fake-context.ts';
import { DAY } from './records.ts';
import { deltasOf, HALF_LIVES, type Sale } from './segment-sales.ts';

const STORES = ['heads', 'bases', 'published'];

function opened(database?: FakeContext['database']) {
  const context = new FakeContext({
    stores: { heads: segmentHeadSerde, bases: segmentBaseSerde, published: publishedSegmentSerde },
    ...(database !== undefined && { database }),
  });
  const processor = new PopularityProcessor({
    halfLives: HALF_LIVES,
    publishIntervalMs: 1000,
    lists: { segmentPublished() {}, keysOf: () => [], republish() {} },
    segmentsStore: 'heads',
    basesStore: 'bases',
    publishedStore: 'published',
    popularSink: 'popular',
  });
  processor.init(context);
  const process = (deltas: SegmentDeltas) =>
    context.process(processor, [streamRecord({ value: deltas, timestampMs: deltas.segments[0]!.newest.at })]);
  return { context, process };
}

const rollback = (context: FakeContext) => {
  for (const name of STORES) context.store<StateStore>(name).rollback();
};

/** Batch `i` of a shop with few and many changes, new items and items that come again. */
function batch(i: number): SegmentDeltas {
  const sales: Sale[] = [];
  for (let k = 0; k < (i % 3 === 0 ? 90 : 5); k++) {
    sales.push({ item: `i${(i * 13 + k * 7) % 600}`, atMs: i * 700, weight: 1 + (k % 3) });
  }
  return deltasOf(sales);
}

/** All that a database holds, by store and key. */
const stored = ({ database }: FakeContext) =>
  STORES.map((name) => [...database.scan(name, {})].map(([key, value]) => [Buffer.from(key), Buffer.from(value)]));

test('batches that are undone before every commit, and a restart after it, leave no trace in what is stored', async () => {
  const straight = opened();
  let troubled = opened();
  for (let i = 0; i < 24; i++) {
    await straight.process(batch(i));
    straight.context.commit();

    const known = troubled.context.streamTimeMs;
    await troubled.process(batch(i + 1));
    await troubled.process(batch(i + 5));
    rollback(troubled.context);
    troubled.context.streamTimeMs = known;
    await troubled.process(batch(i));
    troubled.context.commit();
    if (i % 4 === 3) {
      const { database, streamTimeMs } = troubled.context;
      troubled = opened(database);
      troubled.context.streamTimeMs = streamTimeMs;
    }
    assert.deepEqual(stored(troubled.context), stored(straight.context), `after commit ${i}`);
  }
  assert.ok(stored(straight.context)[1]!.length === 1, 'a base was among them');
});

test('a segment of the first format that is undone after its first change keeps its items', async () => {
  const { context, process } = opened();
  const hex =
    '018080f3df198080f3df198080f3df1906636c69636b7300000101650380f0a5b21a02' +
    '01610000000000000040000000000000004001620000000000' +
    '00f03f000000000000f03f';
  const write = context.database.createBatch();
  write.put('heads', Buffer.from('global'), Buffer.from(hex, 'hex'));
  context.database.write(write);
  const sale = () => deltasOf([{ item: 'c', atMs: 41 * DAY, weight: 1 }]);
  await process(sale());
  rollback(context);
  await process(sale());
  context.commit();
  const restarted = opened(context.database);
  await restarted.process(sale());
  restarted.context.commit();
  assert.deepEqual([...restarted.context.values<{ items: string[] }>('bases').get('global')!.items], ['a', 'b', 'c']);
});
