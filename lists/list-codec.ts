// Bytes of a list. A list is written after nearly every event and read by every request, so it is binary: in JSON its scores alone,
// written and parsed as decimal text, cost most of a refresh. A cause (a reason without its part) is written once, in a table,
// because all items of a list share a few causes.
//
//   u8 version = 1, or 2 for a list that names its trace, or 3 and u8 flags (1 names its trace, 2 has ranks)
//   text definition, owner, variant, algorithm
//   varint at; text topic; varint partition, offset; varint count, text eventId ...
//   varint count, causes ...   u8 kind, u8 fields present (1 itemId, 2 title, 4 campaignId, 8 segment), text per field
//   varint count, items ...    text id, f64 score, varint count, reasons ... (varint cause, f64 part)
//   with ranks: varint count, text step ...; for each item a varint rank for each step
//   with a trace: 16 bytes trace id, 8 bytes span id, u8 flags
//
// Types as in engine/api/binary.ts. Encoding is a function of the value alone: a list that is published again has the same bytes.
import {
  BinaryReader,
  BinaryWriter,
  formatTraceparent,
  parseTraceparent,
  RefusedRecordError,
  type Serde,
} from '../engine/api/index.ts';
import {
  type AsOf,
  type Cause,
  type ListedItems,
  type ListHead,
  type ListItem,
  REASON_KINDS,
  type Reason,
  type TopList,
} from './list.ts';
import { MAX_LIST_VALUE_BYTES } from './list-store.ts';

const VERSION = 1;
const TRACED_VERSION = 2;
const FLAGGED_VERSION = 3;
const TRACED = 1;
const RANKED = 2;
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

const ITEM_ID = 1;
const TITLE = 2;
const CAMPAIGN_ID = 4;
const SEGMENT = 8;

const writer = new BinaryWriter(16 * 1024);

/**
 * The bytes of a list's items behind one that says whether there are ranks, for {@link encodeList}: the lists of several owners can share
 * them.
 * @throws {RangeError} when a score or part is not finite.
 */
export function encodeItems(listed: ListedItems): Uint8Array {
  // Items that failed half-way may have left bytes behind.
  writer.reset();
  writer.u8(listed.steps === undefined ? 0 : RANKED);
  const { causes, numbers } = numbered(listed);
  writer.varint(causes.length);
  for (const cause of causes) writeCause(cause);
  writeItems(listed, numbers);
  if (listed.steps !== undefined) writeRanks(listed.steps, listed.ranks ?? []);
  return writer.finish();
}

/**
 * The bytes of a list.
 * @throws {RangeError} when it takes more than {@link MAX_LIST_VALUE_BYTES}, or names a trace that is none.
 */
export function encodeList(head: ListHead, encodedItems: Uint8Array): Uint8Array {
  const { traceparent } = head;
  writer.reset();
  const traced = traceparent === undefined ? 0 : TRACED;
  if (encodedItems[0] === RANKED) {
    writer.u8(FLAGGED_VERSION);
    writer.u8(RANKED | traced);
  } else writer.u8(traced === 0 ? VERSION : TRACED_VERSION);
  writer.text(head.definition);
  writer.text(head.owner);
  writer.text(head.variant);
  writer.text(head.algorithm);
  writeAsOf(head.asOf);
  writer.bytes(encodedItems.subarray(1));
  if (traceparent !== undefined) writeTrace(traceparent);
  if (writer.length > MAX_LIST_VALUE_BYTES) {
    throw new RangeError(`a list of ${writer.length} bytes is larger than ${MAX_LIST_VALUE_BYTES}`);
  }
  return writer.finish();
}

/**
 * Serialising throws as {@link encodeItems} and {@link encodeList} do. Deserialising refuses with `list-format-unknown` what has
 * another version, and with `list-malformed` what cannot be read.
 */
export const topListSerde: Serde<TopList> = {
  serialize: (list) => encodeList(list, encodeItems({ ...listedItems(list.items), ...ranksOf(list) })),

  deserialize(bytes) {
    const [version = 0] = bytes;
    if (version < VERSION || version > FLAGGED_VERSION) {
      const found = bytes.length === 0 ? 'no bytes' : `version ${bytes[0]}`;
      throw new RefusedRecordError(
        'list-format-unknown',
        `a list has ${found}, this reads ${VERSION} to ${FLAGGED_VERSION}`,
      );
    }
    try {
      return readList(bytes);
    } catch (cause) {
      throw new RefusedRecordError('list-malformed', 'a list cannot be read', { cause });
    }
  },
};

/** Items with each different cause once. */
function listedItems(items: readonly ListItem[]): ListedItems {
  const causes: Reason[] = [];
  const reasonCauses: number[] = [];
  const reasonParts: number[] = [];
  const listed = items.map(({ id, score, reasons }) => {
    const firstReason = reasonParts.length;
    for (const reason of reasons) {
      const known = causes.findIndex((cause) => isSameCause(cause, reason));
      reasonCauses.push(known < 0 ? causes.push(reason) - 1 : known);
      reasonParts.push(reason.part);
    }
    return { id, score, firstReason, reasonCount: reasons.length };
  });
  return { items: listed, causes, reasonCauses, reasonParts };
}

function ranksOf({ steps, items }: TopList): Pick<ListedItems, 'steps' | 'ranks'> {
  return steps === undefined
    ? {}
    : { steps, ranks: items.flatMap(({ ranks }) => steps.map((step) => ranks?.[step] ?? 0)) };
}

/** The causes that reasons name, in the order of the reasons, and the number of each by its place in `causes`. */
function numbered(listed: ListedItems): { readonly causes: readonly Cause[]; readonly numbers: Int32Array } {
  const numbers = new Int32Array(listed.causes.length).fill(-1);
  const causes: Cause[] = [];
  for (const { firstReason, reasonCount } of listed.items) {
    for (let i = firstReason; i < firstReason + reasonCount; i++) {
      const place = listed.reasonCauses[i]!;
      if (numbers[place] === -1) numbers[place] = causes.push(listed.causes[place]!) - 1;
    }
  }
  return { causes, numbers };
}

function isSameCause(a: Cause, b: Cause): boolean {
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

function writeTrace(traceparent: string): void {
  const context = parseTraceparent(traceparent);
  if (context === undefined) throw new RangeError('a list names a trace that is no traceparent of version 00');
  writer.bytes(Buffer.from(context.traceId + context.spanId, 'hex'));
  writer.u8(context.flags);
}

function readTrace(reader: BinaryReader): string {
  const traceId = Buffer.from(reader.bytes(TRACE_ID_BYTES)).toString('hex');
  const spanId = Buffer.from(reader.bytes(SPAN_ID_BYTES)).toString('hex');
  return formatTraceparent({ traceId, spanId, flags: reader.u8() });
}

function writeCause({ kind, itemId, title, campaignId, segment }: Cause): void {
  const code = REASON_KINDS.indexOf(kind);
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

function writeItems({ items, reasonCauses, reasonParts }: ListedItems, numbers: Int32Array): void {
  writer.varint(items.length);
  for (const { id, score, firstReason, reasonCount } of items) {
    writer.text(id);
    writer.f64(finite(score));
    writer.varint(reasonCount);
    for (let i = firstReason; i < firstReason + reasonCount; i++) {
      writer.varint(numbers[reasonCauses[i]!]!);
      writer.f64(finite(reasonParts[i]!));
    }
  }
}

function writeRanks(steps: readonly string[], ranks: readonly number[]): void {
  writer.varint(steps.length);
  for (const step of steps) writer.text(step);
  for (const rank of ranks) writer.varint(rank);
}

function readRanks(reader: BinaryReader, items: readonly ListItem[]): Pick<TopList, 'items' | 'steps'> {
  const steps: string[] = [];
  for (let left = reader.count(); left > 0; left--) steps.push(reader.text());
  return {
    steps,
    items: items.map((item) => ({ ...item, ranks: Object.fromEntries(steps.map((step) => [step, reader.varint()])) })),
  };
}

/** A score that is not finite cannot be ordered, and JSON, which shoppers get, cannot say it. */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a list holds the score ${value}`);
  return value;
}

function readList(bytes: Uint8Array): TopList {
  const reader = new BinaryReader(bytes);
  const version = reader.u8();
  const flags = version === FLAGGED_VERSION ? reader.u8() : version === TRACED_VERSION ? TRACED : 0;
  const definition = reader.text();
  const owner = reader.text();
  const variant = reader.text();
  const algorithm = reader.text();
  const asOf = readAsOf(reader);
  const causes: Cause[] = [];
  for (let left = reader.count(2); left > 0; left--) causes.push(readCause(reader));
  const items: ListItem[] = [];
  for (let left = reader.count(10); left > 0; left--) items.push(readItem(reader, causes));
  const ranked = flags & RANKED ? readRanks(reader, items) : { items };
  const trace = flags & TRACED ? { traceparent: readTrace(reader) } : undefined;
  reader.end();
  return { definition, owner, variant, algorithm, asOf, ...ranked, ...trace };
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
  const kind = REASON_KINDS[code];
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
