// The hot functions, each on an input of the size that it has in production. A case does a fixed piece of work and returns a number that
// depends on it, so that nothing can be left out.

import { encodeBatch, type WritableRecord } from '../../engine/kafka/batch-encoder.ts';
import { RecordSetDecoder } from '../../engine/kafka/record-batch.ts';
import { decodePosition, encodePosition } from '../../engine/runtime/position.ts';
import { encodeItems, encodeList } from '../../lists/list-codec.ts';
import { addRowDelta, emptyRow } from '../../processors/co-occurrence/row-update.ts';
import { ItemIndex } from '../../processors/item-index.ts';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import { F1Scorer, queryWeights } from '../../processors/scoring/f1.ts';
import { type Click, createFileSchemaSource, createSerdes, itemHash } from '../../schemas/index.ts';

export interface Case {
  readonly name: string;
  run(): number;
}

const HALF_LIFE_MS = 10 * 86_400_000;
const AT_MS = 1_767_225_600_000;
const RECORDS = 200;
const ITEMS = 2_000;
const PARTNERS = 48;

const itemId = (n: number) => `item-${n % ITEMS}`;

function batchEncode(): Case {
  const records: WritableRecord[] = Array.from({ length: RECORDS }, (_, n) => ({
    key: Buffer.from(`\u0004rows${itemId(n)}`),
    value: Buffer.alloc(500, n),
    timestampMs: AT_MS,
  }));
  const options = { producerId: '1', producerEpoch: 0, sequence: 0, compression: 'none' } as const;
  return { name: 'record batch of 200, encode', run: () => encodeBatch(records, options).length };
}

function batchDecode(): Case {
  const records: WritableRecord[] = Array.from({ length: RECORDS }, (_, n) => ({
    key: `visitor-${n}`,
    value: Buffer.alloc(100, n),
    timestampMs: AT_MS + n,
  }));
  const set = encodeBatch(records, { producerId: '1', producerEpoch: 0, sequence: 0, compression: 'none' });
  return {
    name: 'record batch of 200, decode',
    run: () => {
      const decoder = new RecordSetDecoder(set, { topic: 't', partition: 0, from: 0, aborted: [], binaryKeys: false });
      while (decoder.step());
      return decoder.records.length;
    },
  };
}

function clickDecode(): Case {
  const { clicks } = createSerdes(createFileSchemaSource());
  const click = { eventId: 'event-1', visitorId: 'visitor-1', at: AT_MS, kind: 'view', itemId: 'item-1' } as Click;
  const bytes = clicks.serialize(click);
  return { name: 'click, decode and validate', run: () => clicks.deserialize(bytes).at };
}

function neighbourOf(n: number): NeighbourRecord {
  const column = (of: (place: number) => number) => Float32Array.from({ length: PARTNERS }, (_, place) => of(place));
  return {
    itemId: itemId(n),
    hash: itemHash(itemId(n)),
    landmarkMs: AT_MS - (AT_MS % HALF_LIFE_MS),
    n: 50 + n,
    recent: 5 + n,
    p: 5,
    forward: 100,
    backward: 100,
    together: 10,
    lastSeenMs: AT_MS,
    repeatRate: 0.1,
    vector: new Int8Array(0),
    vectorScale: 0,
    partners: Float64Array.from({ length: PARTNERS }, (_, place) => itemHash(itemId(7 * n + place + 1))),
    f: column((place) => PARTNERS - place),
    b: column((place) => (PARTNERS - place) / 2),
    o: column((place) => place % 3),
    resolved: undefined,
  };
}

function f1Query(): Case {
  const index = new ItemIndex(HALF_LIFE_MS);
  const records = Array.from({ length: 12 }, (_, n) => neighbourOf(n));
  for (const record of records) index.applyNeighbours(record.itemId, record);
  const scorer = new F1Scorer(index);
  const query = records.map((record, back) => ({
    denseId: index.internText(record.itemId)!,
    record,
    ...queryWeights(back, back < 4 ? 1 : 0),
  }));
  return {
    name: 'F1 query of 12 items',
    run: () => {
      scorer.score(query, { atMs: AT_MS, shownAtMs: AT_MS });
      return scorer.touchedCount;
    },
  };
}

function rowUpdate(): Case {
  const landmarkMs = AT_MS - (AT_MS % HALF_LIFE_MS);
  const hashes = Float64Array.from({ length: ITEMS }, (_, n) => itemHash(itemId(n)));
  const newest = { at: AT_MS, topic: 'clicks', partition: 0, offset: 1, eventId: 'event-1' };
  const deltas = Array.from({ length: 100 }, (_, n) => ({
    item: 0,
    newest,
    n: 1,
    recent: 1,
    p: 0,
    repeats: 0,
    lastSeenMs: AT_MS,
    from: 8 * n,
    to: 8 * (n + 1),
  }));
  const entries = {
    partners: Int32Array.from({ length: 800 }, (_, entry) => (13 * Math.floor(entry / 8) + 5 * (entry % 8)) % 180),
    f: new Float64Array(800).fill(1),
    b: new Float64Array(800).fill(0.5),
    o: new Float64Array(800),
  };
  return {
    name: '100 updates of a full row',
    run: () => {
      const row = emptyRow(landmarkMs, deltas[0]!);
      for (const delta of deltas) addRowDelta(row, delta, { landmarkMs, hashes, entries }, HALF_LIFE_MS);
      return row.size;
    },
  };
}

function listEncode(): Case {
  const count = 30;
  const listed = {
    items: Array.from({ length: count }, (_, n) => ({
      id: itemId(n),
      score: 1 / (n + 1),
      firstReason: 2 * n,
      reasonCount: 2,
    })),
    causes: Array.from({ length: 6 }, (_, n) => ({ kind: 'viewed', itemId: itemId(n), title: `Item ${n}` }) as const),
    reasonCauses: Array.from({ length: 2 * count }, (_, n) => n % 6),
    reasonParts: Array.from({ length: 2 * count }, (_, n) => 1 / (n + 2)),
  };
  const asOf = { at: AT_MS, topic: 'clicks', partition: 0, offset: 1, eventIds: ['event-1', 'event-2'] };
  const head = { definition: 'for-you', owner: 'visitor-1', variant: 'default', algorithm: 'f1-1', asOf };
  return { name: 'list of 30 items, encode', run: () => encodeList(head, encodeItems(listed)).length };
}

function positionCodec(): Case {
  const position = {
    commitNumber: AT_MS,
    lineage: '00000000-0000-4000-8000-000000000000',
    offsets: { clicks: 1_000, purchases: 10, 'pair-deltas': 500 },
    streamTimeMs: AT_MS,
    timers: { 'items/publish': AT_MS },
    changed: { lists: Array.from({ length: 500 }, (_, n) => `visitor-${n}/for-you/default`) },
    generations: {},
  };
  return {
    name: 'position with 500 keys, encode and decode',
    run: () => decodePosition(encodePosition(position)).commitNumber,
  };
}

export const createCases = (): Case[] => [
  batchEncode(),
  batchDecode(),
  clickDecode(),
  f1Query(),
  rowUpdate(),
  listEncode(),
  positionCodec(),
];
