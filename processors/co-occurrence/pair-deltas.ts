// What a micro-batch of USERS adds to co-occurrence rows: one record holds the deltas of a batch for one target partition (that
// of the row's item id), each ordered pair once. Masses are sums against one landmark, so a row takes them over with an exact
// power of two.
//
// Bytes: u8 version, signed landmarkMs, varint items, for each: hash, text; varint events, each as event-codec.ts has it; varint
// rows, then for each: varint item, varint event, f64 n, recent, p, repeats, signed lastSeenMs, varint entries, then for each: varint
// partner, u8 flags (1 f, 2 b, 4 o), f64 for each flag that is set.

import type { Serde } from '../../engine/api/index.ts';
import { RefusedRecordError } from '../../engine/api/index.ts';
import type { EventRef } from '../profile/as-of.ts';
import { ByteReader, ByteWriter } from '../profile/bytes.ts';
import { readEvent, writeEvent } from '../profile/event-codec.ts';
import { EntryCollector, type PairEntries } from './pair-entries.ts';

/** What one item's row gets. Masses are negative where something was taken back. */
export interface RowDelta {
  /** Number of the item in `items`. */
  readonly item: number;
  /** Newest event among those that the delta is made of. */
  readonly newest: EventRef;
  readonly n: number;
  /** The same mass as {@link n}, decayed `RECENT_SHARE` times as fast. */
  readonly recent: number;
  readonly p: number;
  readonly repeats: number;
  /** Event time of the newest interaction, epoch ms; 0 where the delta only takes back. */
  readonly lastSeenMs: number;
  /** Place of its first entry. */
  readonly from: number;
  /** Place behind its last entry. */
  readonly to: number;
}

/** Value of the topic `pair-deltas`; the record has no key, its partition is that of every row's item in it. */
export interface PairDeltas {
  /** Epoch ms, a multiple of the rows' half-life. */
  readonly landmarkMs: number;
  /** Ids of the items that the rows speak of, each once. */
  readonly items: readonly string[];
  /** 53-bit hashes of `items`. */
  readonly hashes: Float64Array;
  readonly rows: readonly RowDelta[];
  readonly entries: PairEntries;
}

/** Version 1 has no `recent`: 0. */
const VERSION = 2;
const WITHOUT_RECENT = 1;
const HAS_F = 1;
const HAS_B = 2;
const HAS_O = 4;
/** Records are encoded one at a time, so they share a buffer: a new one for each took 0.9 % of the engine's CPU. */
const writer = new ByteWriter(16_384);
/** And decoded one at a time. */
const collector = new EntryCollector();

/** Serde of {@link PairDeltas}. */
export const pairDeltasSerde: Serde<PairDeltas> = {
  serialize(deltas) {
    writer.reset();
    writer.u8(VERSION);
    writer.signed(deltas.landmarkMs);
    writer.varint(deltas.items.length);
    for (let i = 0; i < deltas.items.length; i++) {
      writer.uint53(deltas.hashes[i]!);
      writer.text(deltas.items[i]!);
    }
    const eventNumbers = new Map<EventRef, number>();
    for (const { newest } of deltas.rows) {
      if (!eventNumbers.has(newest)) eventNumbers.set(newest, eventNumbers.size);
    }
    writer.varint(eventNumbers.size);
    for (const event of eventNumbers.keys()) writeEvent(writer, event);
    writer.varint(deltas.rows.length);
    for (const row of deltas.rows) writeRow(row, eventNumbers.get(row.newest)!, deltas.entries);
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== VERSION && bytes[0] !== WITHOUT_RECENT) {
      throw new RefusedRecordError('pair-deltas-version', `pair deltas of unknown version ${bytes[0]}`);
    }
    try {
      return read(new ByteReader(bytes));
    } catch (cause) {
      throw new RefusedRecordError('pair-deltas-malformed', 'pair deltas cannot be read', { cause });
    }
  },
};

function writeRow(row: RowDelta, eventNumber: number, { partners, f, b, o }: PairEntries): void {
  writer.varint(row.item);
  writer.varint(eventNumber);
  writer.f64(row.n);
  writer.f64(row.recent);
  writer.f64(row.p);
  writer.f64(row.repeats);
  writer.signed(row.lastSeenMs);
  writer.varint(row.to - row.from);
  for (let entry = row.from; entry < row.to; entry++) {
    const ofF = f[entry]!;
    const ofB = b[entry]!;
    const ofO = o[entry]!;
    writer.varint(partners[entry]!);
    writer.u8((ofF === 0 ? 0 : HAS_F) | (ofB === 0 ? 0 : HAS_B) | (ofO === 0 ? 0 : HAS_O));
    if (ofF !== 0) writer.f64(ofF);
    if (ofB !== 0) writer.f64(ofB);
    if (ofO !== 0) writer.f64(ofO);
  }
}

function read(reader: ByteReader): PairDeltas {
  const version = reader.u8();
  const landmarkMs = reader.signed();
  const itemCount = reader.count(8);
  const items: string[] = [];
  const hashes = new Float64Array(itemCount);
  for (let i = 0; i < itemCount; i++) {
    hashes[i] = reader.uint53();
    items.push(reader.text());
  }
  const events: EventRef[] = [];
  for (let left = reader.count(); left > 0; left--) events.push(readEvent(reader));
  const rows: RowDelta[] = [];
  collector.clear();
  for (let left = reader.count(); left > 0; left--) rows.push(readRow(reader, version, itemCount, events));
  reader.end();
  return { landmarkMs, items, hashes, rows, entries: collector.entries() };
}

function readRow(reader: ByteReader, version: number, itemCount: number, events: readonly EventRef[]): RowDelta {
  const item = reader.varint();
  const newest = events[reader.varint()];
  if (item >= itemCount || newest === undefined) throw new RangeError('item or event number');
  const n = reader.f64();
  const recent = version === WITHOUT_RECENT ? 0 : reader.f64();
  const p = reader.f64();
  const repeats = reader.f64();
  const lastSeenMs = reader.signed();
  const from = collector.size;
  for (let left = reader.count(2); left > 0; left--) {
    const partner = reader.varint();
    if (partner >= itemCount) throw new RangeError('partner number');
    const flags = reader.u8();
    const f = flags & HAS_F ? reader.f64() : 0;
    const b = flags & HAS_B ? reader.f64() : 0;
    const o = flags & HAS_O ? reader.f64() : 0;
    collector.add(partner, f, b, o);
  }
  return { item, newest, n, recent, p, repeats, lastSeenMs, from, to: collector.size };
}
