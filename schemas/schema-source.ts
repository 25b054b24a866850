// Where schemas come from: a port, so that a registry can stand behind it, and the implementation that reads the .avsc files
// delivered with the program. An id in a record says which schema wrote it. The embedded source derives the id from the
// schema's canonical form, so the same schema has the same id on every machine and in every release, with nobody to hand ids
// out. Earlier versions of a contract stay readable as files in schemas/earlier/.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import avsc, { type Schema } from 'avsc';
import { type SourceTopic, sourceTopics } from './records.ts';

/** Writer schemas by id. Synchronous: an implementation that asks a registry fetches ahead of the records. */
export interface SchemaSource {
  /** Id under which values of `topic` are written: 0 to 2^31 - 1. @throws {Error} when they cannot be written. */
  idFor(topic: SourceTopic): number;
  /** The schema that values with this id were written with; `undefined` when the source does not know the id. */
  writerSchema(id: number): Schema | undefined;
  /** More to the point why it does not know the id. */
  whyUnknown?(id: number): string | undefined;
}

/** The contract of `topic` that this release reads and writes, as parsed JSON. */
export function readerSchema(topic: SourceTopic): Schema {
  return readSchemaFile(join(import.meta.dirname, `${topic}.avsc`));
}

/**
 * Id of a schema: the first 31 bits of the SHA-256 of its canonical form (names, types, fields, symbols; no documentation
 * and no defaults, which do not change what is written).
 */
export function schemaId(schema: Schema): number {
  return avsc.Type.forSchema(schema).fingerprint('sha256').readUInt32BE(0) >>> 1;
}

/**
 * The schemas delivered as files: `<topic>.avsc` and, for what earlier releases wrote, `earlier/<topic>-<n>.avsc`.
 *
 * @param earlierDirectory where the earlier versions are
 * @throws {TypeError} when two different schemas have the same id.
 */
export function createFileSchemaSource(earlierDirectory: string = join(import.meta.dirname, 'earlier')): SchemaSource {
  const ids = new Map<SourceTopic, number>();
  const schemas = new Map<number, Schema>();
  for (const topic of sourceTopics) {
    const schema = readerSchema(topic);
    ids.set(topic, register(schemas, schema, topic));
  }
  if (existsSync(earlierDirectory)) {
    for (const file of readdirSync(earlierDirectory)) {
      if (!file.endsWith('.avsc')) continue;
      register(schemas, readSchemaFile(join(earlierDirectory, file)), basename(file));
    }
  }
  return {
    idFor: (topic) => ids.get(topic)!,
    writerSchema: (id) => schemas.get(id),
  };
}

function register(schemas: Map<number, Schema>, schema: Schema, name: string): number {
  const id = schemaId(schema);
  const known = schemas.get(id);
  if (known !== undefined && !avsc.Type.forSchema(known).equals(avsc.Type.forSchema(schema))) {
    throw new TypeError(`schema ${name} has the id ${id} of another schema`);
  }
  schemas.set(id, schema);
  return id;
}

function readSchemaFile(path: string): Schema {
  return JSON.parse(readFileSync(path, 'utf8')) as Schema;
}
