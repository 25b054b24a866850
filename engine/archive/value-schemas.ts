// The schemas of the values travel with them, in the head of each file: years later, and beside any other registry, the values can
// be read. Values are framed as the Confluent serializers do it: byte 0, the schema id in four bytes (big endian), the body.

import type { ContainerMetadata } from './avro-container.ts';

/** A schema as parsed JSON, or `undefined` for an id that is not known. */
export type SchemaOf = (id: number) => unknown;

/** Name in a file's head: a JSON object from id to schema. */
const METADATA = 'freshet.schemas';
const FRAME_BYTES = 5;

/** Id in front of a value; `undefined` for what has none. */
export function schemaIdOf(value: Uint8Array | null): number | undefined {
  if (value === null || value.length < FRAME_BYTES || value[0] !== 0) return undefined;
  return ((value[1]! << 24) | (value[2]! << 16) | (value[3]! << 8) | value[4]!) >>> 0;
}

/**
 * For the head of a file whose values have these ids. What is not known is left out: whoever hands the values over has asked for their
 * schemas before, and an id that is still unknown is one that nobody can read.
 */
export function encodeSchemas(ids: ReadonlySet<number>, schemaOf: SchemaOf | undefined): ContainerMetadata {
  const schemas: { [id: string]: unknown } = {};
  for (const id of [...ids].sort((a, b) => a - b)) {
    const schema = schemaOf?.(id);
    if (schema !== undefined) schemas[id] = schema;
  }
  return { [METADATA]: JSON.stringify(schemas) };
}

/** The text of a file's head that says its schemas; equal texts are equal schemas. `{}` when it says none. */
export const schemasText = (metadata: ContainerMetadata): string => metadata[METADATA] ?? '{}';

/** Schemas by id. @throws {SyntaxError} when the text is damaged. */
export function decodeSchemas(text: string): ReadonlyMap<number, unknown> {
  return new Map(Object.entries(JSON.parse(text) as object).map(([id, schema]) => [Number(id), schema]));
}
