// Avro types as this project compiles them: records are plain objects, and arrays and maps check their counts. avsc trusts the
// count that stands before the entries and allocates by it, so a few broken bytes could cost gigabytes or an endless loop. An
// entry takes at least one byte, so a count above the bytes that are left is an error.

import avsc, { type Schema, type Type } from 'avsc';

/** What avsc hands to a type's reader: the buffer and the position in it. */
interface Tap {
  readonly buf: Uint8Array;
  readonly pos: number;
  readLong(): number;
  skipLong(): void;
  readString(): string;
}

/** avsc's own protocol between types, which its typings leave out. */
interface Reader {
  _read(tap: Tap): unknown;
}

/** Number of entries in the block that begins here; 0 ends the array or map. */
function blockCount(tap: Tap): number {
  let count = tap.readLong();
  if (count < 0) {
    count = -count;
    tap.skipLong();
  }
  if (count !== 0 && count > tap.buf.length - tap.pos) throw new RangeError('more entries than bytes');
  return count;
}

// avsc calls `_read` with the type itself or with a resolver as `this`; both have `itemsType` or `valuesType`.

class CheckedArray extends avsc.types.ArrayType {
  _read(tap: Tap): unknown[] {
    const items = this.itemsType as unknown as Reader;
    const values: unknown[] = [];
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      for (let i = 0; i < count; i++) values.push(items._read(tap));
    }
    return values;
  }

  _skip(tap: Tap): void {
    this._read(tap);
  }
}

class CheckedMap extends avsc.types.MapType {
  _read(tap: Tap): object {
    const entries = this.valuesType as Reader;
    const values: { [name: string]: unknown } = {};
    for (let count = blockCount(tap); count !== 0; count = blockCount(tap)) {
      for (let i = 0; i < count; i++) {
        const name = tap.readString();
        values[name] = entries._read(tap);
      }
    }
    return values;
  }

  _skip(tap: Tap): void {
    this._read(tap);
  }
}

/**
 * The compiled type of `schema`.
 * @throws {Error} of avsc when it is not an Avro schema.
 */
export function compileType(schema: Schema): Type {
  return avsc.Type.forSchema(schema, { omitRecordMethods: true, typeHook: compilePart });
}

function compilePart(schema: Schema, options: object): Type | undefined {
  if (typeof schema !== 'object' || !('type' in schema)) return undefined;
  if (schema.type === 'array') return new CheckedArray(schema, options);
  if (schema.type === 'map') return new CheckedMap(schema, options);
  if (schema.type !== 'record') return undefined;
  const type = new avsc.types.RecordType(schema, options);
  type.recordConstructor.prototype = Object.prototype;
  return type;
}
