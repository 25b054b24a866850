// A list as a reader of it has it: heads, ids and scores at hand, an item's reasons decoded when the item is asked for. An answer shows a
// dozen of a list's forty items, and a process remembers thousands of lists: reasons as objects would be most of its heap, and most of
// the work of its garbage collector. Opening looks at every byte, so that whatever is asked for later is there.
import { BinaryReader, formatTraceparent, RefusedRecordError } from '../engine/api/index.ts';
import {
  type AsOf,
  type Cause,
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
  SPAN_ID_BYTES,
  TITLE,
  TRACE_ID_BYTES,
  TRACED,
  TRACED_VERSION,
  VERSION,
} from './list-format.ts';

export interface ListView extends ListHead {
  /** Of the items, best first. */
  readonly ids: readonly string[];
  /** In the order of the ids. */
  readonly scores: ArrayLike<number>;
  /** Of all campaigns among the items' reasons, each once. */
  readonly campaignIds: readonly string[];
  readonly steps?: readonly string[] | undefined;
  /** The item at a place, from 0. Another object each time. */
  itemAt(place: number): ListItem;
}

/**
 * Opens the bytes of a list, which must not change any more.
 * @throws {RefusedRecordError} `list-format-unknown` for another version, `list-malformed` for what cannot be read.
 */
export function openList(bytes: Uint8Array): ListView {
  const [version = 0] = bytes;
  if (version < VERSION || version > FLAGGED_VERSION) {
    const found = bytes.length === 0 ? 'no bytes' : `version ${bytes[0]}`;
    throw new RefusedRecordError(
      'list-format-unknown',
      `a list has ${found}, this reads ${VERSION} to ${FLAGGED_VERSION}`,
    );
  }
  try {
    return new StoredList(bytes);
  } catch (cause) {
    throw new RefusedRecordError('list-malformed', 'a list cannot be read', { cause });
  }
}

/** The view of a list that was made of others. */
export function viewOf({ items, steps, ...head }: TopList): ListView {
  const campaignIds = items.flatMap(({ reasons }) => reasons.flatMap(({ campaignId }) => campaignId ?? []));
  return {
    ...head,
    steps,
    ids: items.map(({ id }) => id),
    scores: items.map(({ score }) => score),
    campaignIds: [...new Set(campaignIds)],
    itemAt: (place) => items[place]!,
  };
}

/** The whole list as plain data. */
export function listOf(view: ListView): TopList {
  const { definition, owner, variant, algorithm, asOf, steps, traceparent, ids } = view;
  return {
    definition,
    owner,
    variant,
    algorithm,
    asOf,
    items: ids.map((_id, place) => view.itemAt(place)),
    ...(steps !== undefined && { steps }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

class StoredList implements ListView {
  readonly definition: string;
  readonly owner: string;
  readonly variant: string;
  readonly algorithm: string;
  readonly asOf: AsOf;
  readonly ids: readonly string[];
  readonly scores: ArrayLike<number>;
  readonly campaignIds: readonly string[];
  readonly steps: readonly string[] | undefined;
  readonly traceparent: string | undefined;
  readonly #reader: BinaryReader;
  readonly #causePlaces: Uint32Array;
  readonly #reasonPlaces: Uint32Array;
  readonly #rankPlace: number;

  constructor(bytes: Uint8Array) {
    const reader = new BinaryReader(bytes);
    this.#reader = reader;
    const version = reader.u8();
    const flags = version === FLAGGED_VERSION ? reader.u8() : version === TRACED_VERSION ? TRACED : 0;
    this.definition = reader.text();
    this.owner = reader.text();
    this.variant = reader.text();
    this.algorithm = reader.text();
    this.asOf = readAsOf(reader);

    this.#causePlaces = new Uint32Array(reader.count(2));
    const campaignIds: string[] = [];
    for (let i = 0; i < this.#causePlaces.length; i++) {
      this.#causePlaces[i] = reader.place;
      const { campaignId } = readCause(reader);
      if (campaignId !== undefined && !campaignIds.includes(campaignId)) campaignIds.push(campaignId);
    }
    this.campaignIds = campaignIds;

    const count = reader.count(10);
    const ids: string[] = [];
    const scores = new Float64Array(count);
    this.#reasonPlaces = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      ids.push(reader.text());
      scores[i] = reader.f64();
      this.#reasonPlaces[i] = reader.place;
      for (let left = reader.count(9); left > 0; left--) {
        if (reader.varint() >= this.#causePlaces.length)
          throw new TypeError('a reason names a cause that is not there');
        reader.f64();
      }
    }
    this.ids = ids;
    this.scores = scores;

    this.steps = flags & RANKED ? readTexts(reader) : undefined;
    this.#rankPlace = reader.place;
    for (let left = count * (this.steps?.length ?? 0); left > 0; left--) reader.varint();
    this.traceparent = flags & TRACED ? readTrace(reader) : undefined;
    reader.end();
  }

  itemAt(place: number): ListItem {
    const item = { id: this.ids[place]!, score: this.scores[place]!, reasons: this.#reasonsAt(place) };
    return this.steps === undefined ? item : { ...item, ranks: this.#ranksAt(place, this.steps) };
  }

  #reasonsAt(place: number): readonly Reason[] {
    const reader = this.#reader;
    const reasons: Reason[] = [];
    reader.goTo(this.#reasonPlaces[place]!);
    for (let left = reader.count(9); left > 0; left--) {
      const cause = reader.varint();
      const part = reader.f64();
      const next = reader.place;
      reader.goTo(this.#causePlaces[cause]!);
      const { kind, ...about } = readCause(reader);
      reasons.push({ kind, part, ...about });
      reader.goTo(next);
    }
    return reasons;
  }

  #ranksAt(place: number, steps: readonly string[]): Readonly<Record<string, number>> {
    const reader = this.#reader;
    reader.goTo(this.#rankPlace);
    for (let before = place * steps.length; before > 0; before--) reader.varint();
    return Object.fromEntries(steps.map((step) => [step, reader.varint()]));
  }
}

function readTexts(reader: BinaryReader): readonly string[] {
  const texts: string[] = [];
  for (let left = reader.count(); left > 0; left--) texts.push(reader.text());
  return texts;
}

function readAsOf(reader: BinaryReader): AsOf {
  const at = reader.varint();
  const topic = reader.text();
  const partition = reader.varint();
  const offset = reader.varint();
  return { at, topic, partition, offset, eventIds: readTexts(reader) };
}

/** Absent fields are absent: what is decoded equals what was encoded. */
function readCause(reader: BinaryReader): Omit<Reason, 'part'> {
  const code = reader.u8();
  const kind = REASON_KINDS[code];
  if (kind === undefined) throw new TypeError(`no kind of reason has the code ${code}`);
  const present = reader.u8();
  const cause: { -readonly [Field in keyof Cause]: Exclude<Cause[Field], undefined> } = { kind };
  if (present & ITEM_ID) cause.itemId = reader.text();
  if (present & TITLE) cause.title = reader.text();
  if (present & CAMPAIGN_ID) cause.campaignId = reader.text();
  if (present & SEGMENT) cause.segment = reader.text();
  return cause;
}

function readTrace(reader: BinaryReader): string {
  const traceId = Buffer.from(reader.bytes(TRACE_ID_BYTES)).toString('hex');
  const spanId = Buffer.from(reader.bytes(SPAN_ID_BYTES)).toString('hex');
  return formatTraceparent({ traceId, spanId, flags: reader.u8() });
}
