// A serde for values that are small and rarely read: one version byte, then JSON.

import type { Serde } from '../engine/api/index.ts';
import { EngineError } from '../engine/api/index.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * One version byte, then JSON, for values that are small and rarely read.
 * @throws {EngineError} `STATE_FORMAT_UNKNOWN` when bytes are not such a value.
 */
export function versionedJsonSerde<V>(version: number, name: string): Serde<V> {
  return {
    serialize(value) {
      const text = encoder.encode(JSON.stringify(value));
      const bytes = new Uint8Array(text.length + 1);
      bytes[0] = version;
      bytes.set(text, 1);
      return bytes;
    },
    deserialize(bytes) {
      if (bytes[0] !== version) throw new EngineError('STATE_FORMAT_UNKNOWN', `${name} of unknown version ${bytes[0]}`);
      try {
        return JSON.parse(decoder.decode(bytes.subarray(1))) as V;
      } catch (cause) {
        throw new EngineError('STATE_FORMAT_UNKNOWN', `${name} cannot be read`, { cause });
      }
    },
  };
}
