// Bytes of a profile: u8 version, then the sections in the order of `write` below. Version 2, which is still read, had
// nothing that was shown or searched for and no referrer, version 1 no revoked kinds either. A text is written where it first occurs and
// referred to by number from then on (0 = new text follows, k = text k - 1); times are signed differences from the profile's
// base time; event ids are 7-byte hashes; a vector is its landmark, a bit for each dimension that is not 0, and those sums as
// binary64, because a rounded sum would depend on when it was written. A visitor with a session, 20 recent items, one order and
// full event ids takes about 1.1 kB.

import type { Serde } from '../../engine/api/index.ts';
import { EngineError } from '../../engine/api/index.ts';
import { DIMENSIONS } from '../user-vector.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { readAsOf, writeAsOf } from './event-codec.ts';
import type {
  Consent,
  DatedItem,
  Interaction,
  Profile,
  Receipt,
  ReceiptLine,
  RecentItem,
  Searched,
  Session,
  UserVector,
} from './profile.ts';
import type { ShownItem } from './shown.ts';

const VERSION = 3;
/** The last version without what was shown. */
const WITHOUT_SHOWN = 2;
/** The last version without revoked kinds. */
const WITHOUT_REVOKED = 1;
const CONSENTS: readonly Consent[] = ['full', 'limited', 'none'];
const HAS_SESSION = 4;
const HAS_AS_OF = 8;
const HAS_VECTOR = 16;

/** Serde of {@link Profile}. */
export const profileSerde: Serde<Profile> = {
  serialize(profile) {
    writer.begin(profile.asOf?.at ?? 0);
    return write(writer, profile);
  },
  deserialize(bytes) {
    if (bytes[0] !== VERSION && bytes[0] !== WITHOUT_SHOWN && bytes[0] !== WITHOUT_REVOKED) {
      throw new EngineError('STATE_FORMAT_UNKNOWN', `profile of unknown version ${bytes[0]}`);
    }
    return read(new ProfileReader(bytes));
  },
};

function write(writer: ProfileWriter, profile: Profile): Uint8Array {
  const { bytes } = writer;
  bytes.u8(VERSION);
  bytes.u8(
    CONSENTS.indexOf(profile.consent) |
      (profile.session === undefined ? 0 : HAS_SESSION) |
      (profile.asOf === undefined ? 0 : HAS_AS_OF) |
      (profile.vector === undefined ? 0 : HAS_VECTOR),
  );
  if (profile.asOf !== undefined) writeAsOf(bytes, profile.asOf);
  if (profile.session !== undefined) {
    bytes.optionalText(profile.session.id);
    writer.time(profile.session.startedAt);
    writer.time(profile.session.lastAt);
    writer.interactions(profile.session.interactions, true);
    bytes.optionalText(profile.session.referrer);
    writer.searched(profile.session.searched);
  }
  bytes.varint(profile.recent.length);
  for (const { item, kinds, at } of profile.recent) {
    writer.text(item);
    bytes.varint(kinds);
    writer.time(at);
  }
  writer.dated(profile.bought);
  writer.dated(profile.disliked);
  bytes.varint(profile.eventIds.length);
  for (const id of profile.eventIds) bytes.uint53(id);
  bytes.varint(profile.receipts.length);
  for (const receipt of profile.receipts) writer.receipt(receipt);
  bytes.optionalText(profile.device);
  bytes.optionalText(profile.region);
  bytes.varint(profile.segments.length);
  for (const segment of profile.segments) bytes.text(segment);
  if (profile.vector !== undefined) writer.vector(profile.vector);
  bytes.varint(profile.shown.length);
  for (const { item, count, at } of profile.shown) {
    writer.text(item);
    bytes.f32(count);
    writer.time(at);
  }
  return bytes.finish();
}

function read(reader: ProfileReader): Profile {
  const { bytes } = reader;
  const version = bytes.u8();
  const hasRevoked = version !== WITHOUT_REVOKED;
  const flags = bytes.u8();
  const asOf = flags & HAS_AS_OF ? readAsOf(bytes) : undefined;
  reader.baseMs = asOf?.at ?? 0;
  let session: Session | undefined;
  if (flags & HAS_SESSION) {
    session = {
      id: bytes.optionalText(),
      startedAt: reader.time(),
      lastAt: reader.time(),
      interactions: reader.interactions(hasRevoked),
      referrer: version === VERSION ? bytes.optionalText() : undefined,
      searched: version === VERSION ? reader.searched() : undefined,
    };
  }
  const recent: RecentItem[] = [];
  for (let left = bytes.count(); left > 0; left--) {
    recent.push({ item: reader.text(), kinds: bytes.varint(), at: reader.time() });
  }
  const bought = reader.dated();
  const disliked = reader.dated();
  const eventIds: number[] = [];
  for (let left = bytes.count(7); left > 0; left--) eventIds.push(bytes.uint53());
  const receipts: Receipt[] = [];
  for (let left = bytes.count(); left > 0; left--) receipts.push(reader.receipt());
  const device = bytes.optionalText();
  const region = bytes.optionalText();
  const segments: string[] = [];
  for (let left = bytes.count(); left > 0; left--) segments.push(bytes.text());
  const vector = flags & HAS_VECTOR ? reader.vector() : undefined;
  const shown: ShownItem[] = [];
  if (version === VERSION)
    for (let left = bytes.count(6); left > 0; left--)
      shown.push({ item: reader.text(), count: bytes.f32(), at: reader.time() });
  bytes.end();
  const consent = CONSENTS[flags & 3] ?? 'none';
  const visits = { consent, asOf, session, recent, bought, disliked, eventIds, receipts };
  return { ...visits, device, region, segments, vector, shown };
}

/** Where a text is in the profile that had it last. */
interface Place {
  /** Number of that profile, counted as they are written. */
  profile: number;
  number: number;
}

/** Texts whose places are kept, 2 MB; beyond it all are forgotten. */
const MOST_PLACES = 20_000;

class ProfileWriter {
  readonly bytes = new ByteWriter(8192);
  #baseMs = 0;
  /** Of texts of this and earlier profiles: a map that is emptied for each has to grow for each. */
  readonly #places = new Map<string, Place>();
  #profile = 0;
  #texts = 0;

  begin(baseMs: number): void {
    this.bytes.reset();
    if (this.#places.size > MOST_PLACES) this.#places.clear();
    this.#profile++;
    this.#texts = 0;
    this.#baseMs = baseMs;
  }

  text(text: string): void {
    const place = this.#places.get(text);
    if (place?.profile === this.#profile) {
      this.bytes.varint(place.number + 1);
      return;
    }
    this.bytes.varint(0);
    this.bytes.text(text);
    const number = this.#texts++;
    if (place === undefined) this.#places.set(text, { profile: this.#profile, number });
    else {
      place.profile = this.#profile;
      place.number = number;
    }
  }

  time(atMs: number): void {
    this.bytes.signed(this.#baseMs - atMs);
  }

  interactions(interactions: readonly Interaction[], withRevoked: boolean): void {
    this.bytes.varint(interactions.length);
    for (const { item, kinds, revoked } of interactions) {
      this.text(item);
      this.bytes.varint(kinds);
      if (withRevoked) this.bytes.varint(revoked);
    }
  }

  searched(searched: Searched | undefined): void {
    this.bytes.varint(searched?.words.length ?? 0);
    if (searched === undefined) return;
    for (const word of searched.words) this.bytes.uint53(word);
    this.bytes.varint(searched.since);
  }

  dated(items: readonly DatedItem[]): void {
    this.bytes.varint(items.length);
    for (const { item, at } of items) {
      this.text(item);
      this.time(at);
    }
  }

  receipt(receipt: Receipt): void {
    this.bytes.text(receipt.orderId);
    this.time(receipt.at);
    this.bytes.optionalText(receipt.device);
    this.bytes.optionalText(receipt.region);
    this.interactions(receipt.context, false);
    this.bytes.varint(receipt.lines.length);
    for (const { item, quantityLeft, categories } of receipt.lines) {
      this.text(item);
      this.bytes.varint(quantityLeft);
      this.bytes.u8(categories.length);
      for (const category of categories) this.text(category);
    }
  }

  vector(vector: UserVector): void {
    this.bytes.signed(vector.landmarkMs);
    for (let from = 0; from < DIMENSIONS; from += 8) {
      let bits = 0;
      for (let i = 0; i < 8; i++) if (vector.sums[from + i] !== 0) bits |= 1 << i;
      this.bytes.u8(bits);
    }
    for (const sum of vector.sums) if (sum !== 0) this.bytes.f64(sum);
  }
}

/** Profiles are encoded one at a time, so they share a buffer. */
const writer = new ProfileWriter();

class ProfileReader {
  readonly bytes: ByteReader;
  baseMs = 0;
  readonly #texts: string[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = new ByteReader(bytes);
  }

  text(): string {
    const number = this.bytes.varint();
    if (number > 0) {
      const known = this.#texts[number - 1];
      if (known === undefined) throw new RangeError('text number');
      return known;
    }
    const text = this.bytes.text();
    this.#texts.push(text);
    return text;
  }

  time(): number {
    return this.baseMs - this.bytes.signed();
  }

  searched(): Searched | undefined {
    const words: number[] = [];
    for (let left = this.bytes.count(7); left > 0; left--) words.push(this.bytes.uint53());
    return words.length === 0 ? undefined : { words, since: this.bytes.varint() };
  }

  interactions(hasRevoked: boolean): Interaction[] {
    const interactions: Interaction[] = [];
    for (let left = this.bytes.count(2); left > 0; left--) {
      interactions.push({
        item: this.text(),
        kinds: this.bytes.varint(),
        revoked: hasRevoked ? this.bytes.varint() : 0,
      });
    }
    return interactions;
  }

  dated(): DatedItem[] {
    const items: DatedItem[] = [];
    for (let left = this.bytes.count(2); left > 0; left--) items.push({ item: this.text(), at: this.time() });
    return items;
  }

  receipt(): Receipt {
    const orderId = this.bytes.text();
    const at = this.time();
    const device = this.bytes.optionalText();
    const region = this.bytes.optionalText();
    const context = this.interactions(false);
    const lines: ReceiptLine[] = [];
    for (let left = this.bytes.count(3); left > 0; left--) {
      const item = this.text();
      const quantityLeft = this.bytes.varint();
      const categories: string[] = [];
      for (let count = this.bytes.u8(); count > 0; count--) categories.push(this.text());
      lines.push({ item, quantityLeft, categories });
    }
    return { orderId, at, device, region, context, lines };
  }

  vector(): UserVector {
    const landmarkMs = this.bytes.signed();
    const isSet: boolean[] = [];
    for (let from = 0; from < DIMENSIONS; from += 8) {
      const bits = this.bytes.u8();
      for (let i = 0; i < 8; i++) isSet.push((bits & (1 << i)) !== 0);
    }
    const sums = new Float64Array(DIMENSIONS);
    for (let i = 0; i < DIMENSIONS; i++) if (isSet[i]) sums[i] = this.bytes.f64();
    return { landmarkMs, sums };
  }
}
