// Values of the source topics as JSON, for people and tools: lines of a file, the body of a request. Strict where a mistake
// would pass unseen: a field that the contract does not have is refused, not dropped. What may be left out gets its default.

import type { Schema } from 'avsc';
import type { SourceRecords, SourceTopic } from './records.ts';
import { readerSchema } from './schema-source.ts';
import { validate } from './validation.ts';
import { refuse } from './validation-parts.ts';

/** Reads one value; `path` names it in texts, e.g. `lines[3].quantity`. */
type Reader = (value: unknown, path: string) => unknown;

type JsonObject = { readonly [name: string]: unknown };

interface Field {
  readonly name: string;
  readonly type: Schema;
  readonly default?: unknown;
}

const MAX_INT = 2 ** 31 - 1;
/** How much of an unknown field's name a text repeats. */
const MAX_QUOTED = 64;

const readers = new Map<SourceTopic, Reader>();

/**
 * The record of `topic` that a parsed JSON value stands for, checked like one from the log.
 * @throws {RefusedRecordError} with a code of `refusalCodes`; the text names the field.
 *
 * @example
 * fromJson('clicks', { eventId: 'e1', visitorId: 'v1', at: 1790000000000, kind: 'view', itemId: 'sku-1' })
 */
export function fromJson<T extends SourceTopic>(topic: T, json: unknown): SourceRecords[T] {
  let reader = readers.get(topic);
  if (reader === undefined) {
    reader = createReader(readerSchema(topic));
    readers.set(topic, reader);
  }
  const value = reader(json, '') as SourceRecords[T];
  validate(topic, value);
  return value;
}

/** The JSON value of a record, absent fields left out. `fromJson(topic, toJson(topic, value))` equals `value`. */
export function toJson<T extends SourceTopic>(_topic: T, value: SourceRecords[T]): JsonObject {
  return withoutNulls(value) as JsonObject;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutNulls(member)]));
}

/** Compiles a schema to a reader. Covers what the contracts use: no named references, unions of null and one type. */
function createReader(schema: Schema): Reader {
  if (Array.isArray(schema)) {
    const branch = createReader(schema.find((part) => part !== 'null') ?? 'null');
    return (value, path) => (value === null ? null : branch(value, path));
  }
  if (typeof schema === 'string') return primitiveReader(schema);
  if (!('type' in schema)) throw new TypeError('not a schema of the contracts');
  switch (schema.type) {
    case 'record':
      return recordReader(schema.fields);
    case 'enum':
      return enumReader(schema.symbols.filter((symbol) => symbol !== schema.default));
    case 'array':
      return arrayReader(createReader(schema.items));
    case 'map':
      return mapReader(createReader(schema.values));
    default:
      return createReader(schema.type);
  }
}

function recordReader(fields: readonly Field[]): Reader {
  const names = fields.map((field) => field.name);
  const parts = fields.map((field) => ({
    name: field.name,
    read: createReader(field.type),
    default: defaultOf(field),
  }));
  return (value, path) => {
    if (!isObject(value)) return wrong(path, 'an object');
    const record: { [name: string]: unknown } = {};
    for (const part of parts) {
      const field = join(path, part.name);
      // An own property only: a name such as `constructor` must not find what every object inherits.
      const member = Object.hasOwn(value, part.name) ? value[part.name] : undefined;
      if (member !== undefined) record[part.name] = part.read(member, field);
      else if (part.default !== undefined) record[part.name] = part.default();
      else refuse('missing-field', `${field} is missing`);
    }
    for (const name of Object.keys(value)) {
      if (names.includes(name)) continue;
      refuse('unknown-field', `${join(path, name.slice(0, MAX_QUOTED))} is not a field; there are ${names.join(', ')}`);
    }
    return record;
  };
}

/** Makes the field's default, anew each time where it could be changed; `undefined` when the field has none. */
function defaultOf(field: Field): (() => unknown) | undefined {
  const value = field.default;
  if (value === undefined) return undefined;
  return typeof value === 'object' && value !== null ? () => structuredClone(value) : () => value;
}

function enumReader(symbols: readonly string[]): Reader {
  return (value, path) => {
    if (typeof value !== 'string') return wrong(path, 'a string');
    if (!symbols.includes(value)) refuse('unknown-kind', `${path} must be one of ${symbols.join(', ')}`);
    return value;
  };
}

function arrayReader(item: Reader): Reader {
  return (value, path) => {
    if (!Array.isArray(value)) return wrong(path, 'an array');
    return value.map((member, i) => item(member, `${path}[${i}]`));
  };
}

function mapReader(entry: Reader): Reader {
  return (value, path) => {
    if (!isObject(value)) return wrong(path, 'an object');
    const map: { [name: string]: unknown } = {};
    for (const [name, member] of Object.entries(value)) {
      // Setting this name would set the object's prototype.
      if (name === '__proto__') refuse('invalid-field', `${path} must not hold the name __proto__`);
      map[name] = entry(member, join(path, name.slice(0, MAX_QUOTED)));
    }
    return map;
  };
}

function primitiveReader(type: string): Reader {
  switch (type) {
    case 'string':
      return (value, path) => (typeof value === 'string' ? value : wrong(path, 'a string'));
    case 'int':
      return (value, path) =>
        Number.isInteger(value) && Math.abs(value as number) <= MAX_INT ? value : wrong(path, 'a whole number');
    case 'long':
      return (value, path) => (isLong(value) ? value : wrong(path, 'a whole number'));
    case 'float':
      return (value, path) => (typeof value === 'number' ? Math.fround(value) : wrong(path, 'a number'));
    case 'double':
      return (value, path) => (typeof value === 'number' ? value : wrong(path, 'a number'));
    default:
      throw new TypeError(`the contracts do not use ${type}`);
  }
}

function wrong(path: string, expected: string): never {
  return refuse('invalid-field', path === '' ? `the value must be ${expected}` : `${path} must be ${expected}`);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Largest whole number that avsc writes as a long: one less than the largest safe integer. */
const MAX_LONG = Number.MAX_SAFE_INTEGER - 1;

function isLong(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= MAX_LONG;
}
