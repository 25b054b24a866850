// Bytes of a row: u8 version, u8 flags (1 waiting, 2 published, 4 published with another asOf, 8 never bought with another), signed landmarkMs, f64 n,
// recent, p, repeats, forward, backward, together, signed lastSeenMs, asOf; if published: signed publishedAtMs, and the other asOf; varint
// entries, then for each in order of its hash: hash, u8 flags (1 f, 2 b, 4 o), f64 for each flag that is set.

import type { Serde } from '../../engine/api/index.ts';
import { EngineError } from '../../engine/api/index.ts';
import { ByteReader, ByteWriter } from '../profile/bytes.ts';
import { readAsOf, writeAsOf } from '../profile/event-codec.ts';
import { B, ENTRY_NUMBERS, F, HASH, type ItemRow, O } from './item-row.ts';

/** Version 1 has no `recent`: 0. */
const VERSION = 2;
const WITHOUT_RECENT = 1;
const IS_WAITING = 1;
const IS_PUBLISHED = 2;
const HAS_OTHER_AS_OF = 4;
/** Rows that were written before there was this flag may have been bought with others. */
const IS_NEVER_BOUGHT_WITH = 8;
const HAS_F = 1;
const HAS_B = 2;
const HAS_O = 4;

/** Rows are encoded one at a time, so they share a buffer. */
const writer = new ByteWriter(8192);

/** What a row takes in memory without entries, bytes: the object, the array's head, five event ids (Node 24, 5,000 rows). */
const EMPTY_ROW_BYTES = 1_300;

/** Bytes that a row takes in memory. */
export function rowBytes({ entries }: ItemRow): number {
  return EMPTY_ROW_BYTES + entries.byteLength;
}

/** Serde of {@link ItemRow}. */
export const rowSerde: Serde<ItemRow> = {
  serialize(row) {
    const otherAsOf = row.publishedAsOf === row.asOf ? undefined : row.publishedAsOf;
    writer.reset();
    writer.u8(VERSION);
    writer.u8(
      (row.isWaiting ? IS_WAITING : 0) |
        (row.publishedAtMs === undefined ? 0 : IS_PUBLISHED) |
        (otherAsOf === undefined ? 0 : HAS_OTHER_AS_OF) |
        (row.isBoughtWith ? 0 : IS_NEVER_BOUGHT_WITH),
    );
    writer.signed(row.landmarkMs);
    writer.f64(row.n);
    writer.f64(row.recent);
    writer.f64(row.p);
    writer.f64(row.repeats);
    writer.f64(row.forward);
    writer.f64(row.backward);
    writer.f64(row.together);
    writer.signed(row.lastSeenMs);
    writeAsOf(writer, row.asOf);
    if (row.publishedAtMs !== undefined) writer.signed(row.publishedAtMs);
    if (otherAsOf !== undefined) writeAsOf(writer, otherAsOf);
    writer.varint(row.size);
    const { size, entries } = row;
    for (let at = 0; at < ENTRY_NUMBERS * size; at += ENTRY_NUMBERS) {
      const f = entries[at + F]!;
      const b = entries[at + B]!;
      const o = entries[at + O]!;
      writer.uint53(entries[at + HASH]!);
      writer.u8((f === 0 ? 0 : HAS_F) | (b === 0 ? 0 : HAS_B) | (o === 0 ? 0 : HAS_O));
      if (f !== 0) writer.f64(f);
      if (b !== 0) writer.f64(b);
      if (o !== 0) writer.f64(o);
    }
    return writer.finish();
  },

  deserialize(bytes) {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION && version !== WITHOUT_RECENT)
      throw new EngineError('STATE_FORMAT_UNKNOWN', `row of unknown version ${version}`);
    const flags = reader.u8();
    const landmarkMs = reader.signed();
    const n = reader.f64();
    const recent = version === WITHOUT_RECENT ? 0 : reader.f64();
    const p = reader.f64();
    const repeats = reader.f64();
    const forward = reader.f64();
    const backward = reader.f64();
    const together = reader.f64();
    const lastSeenMs = reader.signed();
    const asOf = readAsOf(reader);
    const publishedAtMs = flags & IS_PUBLISHED ? reader.signed() : undefined;
    const otherAsOf = flags & HAS_OTHER_AS_OF ? readAsOf(reader) : undefined;
    const publishedAsOf = publishedAtMs === undefined ? undefined : (otherAsOf ?? asOf);
    const size = reader.count(8);
    const entries = new Float64Array(ENTRY_NUMBERS * size);
    for (let at = 0; at < entries.length; at += ENTRY_NUMBERS) {
      entries[at + HASH] = reader.uint53();
      const masses = reader.u8();
      if (masses & HAS_F) entries[at + F] = reader.f64();
      if (masses & HAS_B) entries[at + B] = reader.f64();
      if (masses & HAS_O) entries[at + O] = reader.f64();
    }
    reader.end();
    const isWaiting = (flags & IS_WAITING) !== 0;
    const isBoughtWith = (flags & IS_NEVER_BOUGHT_WITH) === 0;
    const totals = { landmarkMs, n, recent, p, repeats, forward, backward, together, lastSeenMs };
    return { ...totals, asOf, publishedAsOf, publishedAtMs, isWaiting, isBoughtWith, size, entries };
  },
};

/** Serde of the store of waiting items, whose keys say it all. */
export const waitingSerde: Serde<true> = {
  serialize: () => Uint8Array.of(VERSION),
  deserialize: () => true,
};
