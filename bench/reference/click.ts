// The clicks of the reference workload: Avro behind the five bytes of the Confluent framing, read with the compiled schema.

import avsc from 'avsc';
import { type Deserializer, RefusedRecordError } from '../../engine/api/index.ts';

export interface Click {
  readonly eventId: string;
  readonly userId: string;
  readonly itemId: string;
  readonly kind: 'view' | 'addToCart' | 'purchase';
  /** Epoch ms. */
  readonly at: number;
  readonly device: string | null;
}

const type = avsc.Type.forSchema({
  type: 'record',
  name: 'Click',
  namespace: 'reference',
  fields: [
    { name: 'eventId', type: 'string' },
    { name: 'userId', type: 'string' },
    { name: 'itemId', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['view', 'addToCart', 'purchase'] } },
    { name: 'at', type: 'long' },
    { name: 'device', type: ['null', 'string'], default: null },
  ],
});
const HEADER_BYTES = 5;

export const clickDeserializer: Deserializer<Click> = {
  deserialize(bytes) {
    if (bytes.length <= HEADER_BYTES || bytes[0] !== 0)
      throw new RefusedRecordError('not-framed', 'not a framed Avro record');
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { value, offset } = type.decode(buffer, HEADER_BYTES);
    if (offset !== bytes.length) throw new RefusedRecordError('unreadable-bytes', 'not a click');
    return value as Click;
  },
};

/** What an interaction is worth, by its kind. */
export function weightOf(kind: Click['kind']): number {
  return kind === 'view' ? 1 : kind === 'addToCart' ? 3 : PURCHASE;
}

/** Weight of a purchase: what was bought is not recommended. */
export const PURCHASE = 5;
