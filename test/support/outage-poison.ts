// Records that no production topic may take, one of each kind, and the codes under which each must be refused.

import { type Click, type SourceSerdes, type SourceTopic, sourceTopics } from '../../schemas/index.ts';
import { example } from '../unit/schemas/examples.ts';

export interface Poison {
  readonly what: string;
  readonly topic: SourceTopic;
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly code: string;
}

export interface PoisonSchemas {
  /** Writes a click under an id that the registry does not have yet. */
  unknown(click: Click): Buffer;
  /** Id of a JSON schema. */
  readonly jsonId: number;
}

const HEADER_BYTES = 5;
const VISITOR = 'poisoner';

/** The bytes of a framed value under another schema id. */
export function reframed(framed: Uint8Array, id: number): Buffer {
  const bytes = Buffer.from(framed);
  bytes.writeUInt32BE(id, 1);
  return bytes;
}

/** Every kind, in no order; `number` makes them differ from those of another call. */
export function poison(serdes: SourceSerdes, { unknown, jsonId }: PoisonSchemas, number: number): readonly Poison[] {
  const at = Date.now();
  const click = (time: number) =>
    example('clicks', { eventId: `poison-${number}`, visitorId: VISITOR, kind: 'view', at: time });
  const good = Buffer.from(serdes.clicks.serialize(click(at)));
  const order = Buffer.from(serdes.purchases.serialize(example('purchases', { visitorId: VISITOR, at })));
  const clicks: readonly (readonly [what: string, value: Buffer | null, code: string])[] = [
    ['no Avro at all', Buffer.from('{"eventId": "text"}'), 'not-framed'],
    ['no byte at all', Buffer.alloc(0), 'not-framed'],
    ['an id that the registry does not have', unknown(click(at)), 'unknown-schema'],
    ['the id of a JSON schema', reframed(good, jsonId), 'unknown-schema'],
    ['an event of another topic', order, 'unknown-schema'],
    ['bytes that end too soon', good.subarray(0, good.length - 3), 'unreadable-bytes'],
    ['bytes that go on too long', Buffer.concat([good, Buffer.from('more')]), 'unreadable-bytes'],
    ['a header alone', good.subarray(0, HEADER_BYTES), 'unreadable-bytes'],
    ['a value that breaks the contract', breaking(serdes, at), 'invalid-rating'],
    ['a time to come', Buffer.from(serdes.clicks.serialize(click(at + 3_600_000))), 'timestamp-in-future'],
    ['a tombstone', null, 'unexpected-tombstone'],
  ];
  return [
    ...clicks.map(([what, value, code]) => ({ what, topic: 'clicks' as const, key: VISITOR, value, code })),
    { what: 'no key', topic: 'clicks', key: null, value: good, code: 'key-mismatch' },
    { what: "another visitor's key", topic: 'clicks', key: 'somebody', value: good, code: 'key-mismatch' },
    ...sourceTopics
      .filter((topic) => topic !== 'clicks')
      .map((topic) => ({
        what: `no Avro in ${topic}`,
        topic,
        key: `key-${number}`,
        value: Buffer.from(`junk ${number}`),
        code: 'not-framed',
      })),
  ];
}

/** A rating of 9, which our own serde would not write. */
function breaking(serdes: SourceSerdes, at: number): Buffer {
  const rated = (rating: number) =>
    Buffer.from(
      serdes.clicks.serialize(example('clicks', { eventId: 'breaking', visitorId: VISITOR, kind: 'rate', rating, at })),
    );
  const [four, five] = [rated(4), rated(5)];
  const bytes = Buffer.from(five);
  const place = bytes.findIndex((byte, i) => byte !== four[i]);
  // The eight bytes of a double, little endian; 4 and 5 differ in one alone, the last but one.
  bytes.writeDoubleLE(9, place - 6);
  return bytes;
}
