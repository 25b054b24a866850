// Small parts for tests of the engine: JSON serdes, a store of JSON values, and a record by a few words.

import type { KeyValueStore, ProducerRecord, Serde, StoreSupplier } from '../../engine/api/index.ts';
import { RefusedRecordError } from '../../engine/api/index.ts';
import { keyValueStore } from '../../state/key-value-store.ts';

/** JSON both ways; what is no JSON is refused with code `not-json`. */
export function json<V>(): Serde<V> {
  return {
    serialize: (value) => Buffer.from(JSON.stringify(value)),
    deserialize: (bytes) => {
      try {
        return JSON.parse(Buffer.from(bytes).toString()) as V;
      } catch (cause) {
        throw new RefusedRecordError('not-json', 'the value is no JSON', { cause });
      }
    },
  };
}

export function jsonStore<V>(name: string, cacheMaxBytes = 1_000_000): StoreSupplier<KeyValueStore<V>> {
  return keyValueStore<V>({ name, codec: json<V>(), cacheMaxBytes });
}

export function record(
  topic: string,
  key: string,
  value: unknown,
  timestampMs: number,
  partition?: number,
): ProducerRecord {
  return { topic, partition, key, value: value === null ? null : json().serialize(value), timestampMs };
}
