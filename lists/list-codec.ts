// Bytes of a list. A list is written after nearly every event and read by every request, so it is binary: in JSON its scores alone,
// written and parsed as decimal text, cost most of a refresh. A cause (a reason without its part) is written once, in a table,
// because all items of a list share a few causes.
//
//   u8 version = 1
//   text definition, owner, variant, algorithm
//   varint at; text topic; varint partition, offset; varint count, text eventId ...
//   varint count, causes ...   u8 kind, u8 fields present (1 itemId, 2 title, 4 campaignId, 8 segment), text per field
//   varint count, items ...    text id, f64 score, varint count, reasons ... (varint cause, f64 part)
//
// Types as in engine/api/binary.ts. Encoding is a function of the value alone: a list that is published again has the same bytes.
import { BinaryReader, BinaryWriter, RefusedRecordError, type Serde } from '../engine/api/index.ts';
import type { AsOf, ListItem, Reason, ReasonKind, TopList } from './list.ts';
import { MAX_LIST_VALUE_BYTES } from './list-store.ts';

const VERSION = 1;

/** A kind's place is its code on the wire: append only. */
const KINDS: readonly ReasonKind[] = [
  'viewed',
  'carted',
  'bought',
  'wished',
  'liked',
  'similar',
  'bought-together',
  'popular',
  'trending',
  'repeat',
  'campaign',
];

const ITEM_ID = 1;
const TITLE = 2;
const CAMPAIGN_ID = 4;
const SEGMENT = 8;

type Cause = Omit<Reason, 'part'>;

const writer = new BinaryWriter(16 * 1024);

/**
 * Serialising throws `RangeError` when a number is not finite or the list takes more than {@link MAX_LIST_VALUE_BYTES}.
 * Deserialising refuses with `list-format-unknown` what has another version, and with `list-malformed` what cannot be read.
 */
export const topListSerde: Serde<TopList> = {
  serialize(list) {
    // A list that failed half-way may have left bytes behind.
    writer.reset();
    writer.u8(VERSION);
    writer.text(list.definition);
    writer.text(list.owner);
    writer.text(list.variant);
    writer.text(list.algorithm);
    writeAsOf(list.asOf);
    const { causes, indexes } = tabulate(list.items);
    writer.varint(causes.length);
    for (const cause of causes) writeCause(cause);
    writeItems(list.items, indexes);
    if (writer.length > MAX_LIST_VALUE_BYTES) {
      throw new RangeError(`a list of ${writer.length} bytes is larger than ${MAX_LIST_VALUE_BYTES}`);
    }
    return writer.finish();
  },

  deserialize(bytes) {
    if (bytes[0] !== VERSION) {
      const found = bytes.length === 0 ? 'no bytes' : `version ${bytes[0]}`;
      throw new RefusedRecordError('list-format-unknown', `a list has ${found}, this reads ${VERSION}`);
    }
    try {
      return readList(bytes);
    } catch (cause) {
      throw new RefusedRecordError('list-malformed', 'a list cannot be read', { cause });
    }
  },
};

/** The different causes of a list, and the index of each reason's cause, item by item. */
function tabulate(items: readonly ListItem[]): { readonly causes: readonly Reason[]; readonly indexes: number[] } {
  const causes: Reason[] = [];
  const indexes: number[] = [];
  for (const { reasons } of items) {
    for (const reason of reasons) {
      // Searched in a row: there are a few causes, seldom more than twenty, and comparing makes no garbage.
      let index = 0;
      while (index < causes.length && !isSameCause(causes[index]!, reason)) index++;
      if (index === causes.length) causes.push(reason);
      indexes.push(index);
    }
  }
  return { causes, indexes };
}

function isSameCause(a: Reason, b: Reason): boolean {
  return (
    a.itemId === b.itemId &&
    a.kind === b.kind &&
    a.campaignId === b.campaignId &&
    a.segment === b.segment &&
    a.title === b.title
  );
}

function writeAsOf(asOf: AsOf): void {
  writer.varint(asOf.at);
  writer.text(asOf.topic);
  writer.varint(asOf.partition);
  writer.varint(asOf.offset);
  writer.varint(asOf.eventIds.length);
  for (const eventId of asOf.eventIds) writer.text(eventId);
}

function writeCause({ kind, itemId, title, campaignId, segment }: Cause): void {
  const code = KINDS.indexOf(kind);
  if (code < 0) throw new RangeError(`"${kind}" is no kind of reason`);
  writer.u8(code);
  writer.u8(
    (itemId === undefined ? 0 : ITEM_ID) |
      (title === undefined ? 0 : TITLE) |
      (campaignId === undefined ? 0 : CAMPAIGN_ID) |
      (segment === undefined ? 0 : SEGMENT),
  );
  if (itemId !== undefined) writer.text(itemId);
  if (title !== undefined) writer.text(title);
  if (campaignId !== undefined) writer.text(campaignId);
  if (segment !== undefined) writer.text(segment);
}

function writeItems(items: readonly ListItem[], indexes: readonly number[]): void {
  let next = 0;
  writer.varint(items.length);
  for (const { id, score, reasons } of items) {
    writer.text(id);
    writer.f64(finite(score));
    writer.varint(reasons.length);
    for (const { part } of reasons) {
      writer.varint(indexes[next++]!);
      writer.f64(finite(part));
    }
  }
}

/** A score that is not finite cannot be ordered, and JSON, which shoppers get, cannot say it. */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a list holds the score ${value}`);
  return value;
}

function readList(bytes: Uint8Array): TopList {
  const reader = new BinaryReader(bytes);
  reader.u8();
  const definition = reader.text();
  const owner = reader.text();
  const variant = reader.text();
  const algorithm = reader.text();
  const asOf = readAsOf(reader);
  const causes: Cause[] = [];
  for (let left = reader.count(2); left > 0; left--) causes.push(readCause(reader));
  const items: ListItem[] = [];
  for (let left = reader.count(10); left > 0; left--) items.push(readItem(reader, causes));
  reader.end();
  return { definition, owner, variant, algorithm, asOf, items };
}

function readAsOf(reader: BinaryReader): AsOf {
  const at = reader.varint();
  const topic = reader.text();
  const partition = reader.varint();
  const offset = reader.varint();
  const eventIds: string[] = [];
  for (let left = reader.count(); left > 0; left--) eventIds.push(reader.text());
  return { at, topic, partition, offset, eventIds };
}

function readCause(reader: BinaryReader): Cause {
  const code = reader.u8();
  const kind = KINDS[code];
  if (kind === undefined) throw new TypeError(`no kind of reason has the code ${code}`);
  const present = reader.u8();
  return {
    kind,
    ...(present & ITEM_ID && { itemId: reader.text() }),
    ...(present & TITLE && { title: reader.text() }),
    ...(present & CAMPAIGN_ID && { campaignId: reader.text() }),
    ...(present & SEGMENT && { segment: reader.text() }),
  };
}

function readItem(reader: BinaryReader, causes: readonly Cause[]): ListItem {
  const id = reader.text();
  const score = reader.f64();
  const reasons: Reason[] = [];
  for (let left = reader.count(9); left > 0; left--) {
    const cause = causes[reader.varint()];
    if (cause === undefined) throw new TypeError('a reason names a cause that is not there');
    const { kind, itemId, title, campaignId, segment } = cause;
    const reason: { -readonly [Field in keyof Reason]: Reason[Field] } = { kind, part: reader.f64() };
    if (itemId !== undefined) reason.itemId = itemId;
    if (title !== undefined) reason.title = title;
    if (campaignId !== undefined) reason.campaignId = campaignId;
    if (segment !== undefined) reason.segment = segment;
    reasons.push(reason);
  }
  return { id, score, reasons };
}
