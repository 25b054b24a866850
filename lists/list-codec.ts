// Bytes of a list. A list is written after nearly every event and read by every request, so it is binary: in JSON its scores alone,
// written and parsed as decimal text, cost most of a refresh. A cause (a reason without its part) is written once, in a table,
// because all items of a list share a few causes.
// The layout is in list-format.ts. Encoding is a function of the value alone: a list that is published again has the same bytes.
import { BinaryWriter, parseTraceparent, type Serde } from '../engine/api/index.ts';
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
import {
  CAMPAIGN_ID,
  FLAGGED_VERSION,
  ITEM_ID,
  RANKED,
  SEGMENT,
  TITLE,
  TRACED,
  TRACED_VERSION,
  VERSION,
} from './list-format.ts';
import { MAX_LIST_VALUE_BYTES } from './list-store.ts';
import { listOf, openList } from './list-view.ts';

const writer = new BinaryWriter(16 * 1024);
const itemsWriter = new BinaryWriter(16 * 1024);

/**
 * The bytes of a list's items behind one that says whether there are ranks, for {@link encodeList}: the lists of several owners can share
 * them, until items are encoded again.
 * @throws {RangeError} when a score or part is not finite.
 */
export function encodeItems(listed: ListedItems): Uint8Array {
  // Items that failed half-way may have left bytes behind.
  itemsWriter.reset();
  itemsWriter.u8(listed.steps === undefined ? 0 : RANKED);
  const { causes, numbers } = numbered(listed);
  itemsWriter.varint(causes.length);
  for (const cause of causes) writeCause(cause);
  writeItems(listed, numbers);
  if (listed.steps !== undefined) writeRanks(listed.steps, listed.ranks ?? []);
  return itemsWriter.lend();
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

  deserialize: (bytes) => listOf(openList(bytes)),
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

function writeCause({ kind, itemId, title, campaignId, segment }: Cause): void {
  const code = REASON_KINDS.indexOf(kind);
  if (code < 0) throw new RangeError(`"${kind}" is no kind of reason`);
  itemsWriter.u8(code);
  itemsWriter.u8(
    (itemId === undefined ? 0 : ITEM_ID) |
      (title === undefined ? 0 : TITLE) |
      (campaignId === undefined ? 0 : CAMPAIGN_ID) |
      (segment === undefined ? 0 : SEGMENT),
  );
  if (itemId !== undefined) itemsWriter.text(itemId);
  if (title !== undefined) itemsWriter.text(title);
  if (campaignId !== undefined) itemsWriter.text(campaignId);
  if (segment !== undefined) itemsWriter.text(segment);
}

function writeItems({ items, reasonCauses, reasonParts }: ListedItems, numbers: Int32Array): void {
  itemsWriter.varint(items.length);
  for (const { id, score, firstReason, reasonCount } of items) {
    itemsWriter.text(id);
    itemsWriter.f64(finite(score));
    itemsWriter.varint(reasonCount);
    for (let i = firstReason; i < firstReason + reasonCount; i++) {
      itemsWriter.varint(numbers[reasonCauses[i]!]!);
      itemsWriter.f64(finite(reasonParts[i]!));
    }
  }
}

function writeRanks(steps: readonly string[], ranks: readonly number[]): void {
  itemsWriter.varint(steps.length);
  for (const step of steps) itemsWriter.text(step);
  for (const rank of ranks) itemsWriter.varint(rank);
}

/** A score that is not finite cannot be ordered, and JSON, which shoppers get, cannot say it. */
function finite(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(`a list holds the score ${value}`);
  return value;
}
