// Writes records.ts: the TypeScript types of the Avro contracts beside it. One interface per Avro record, one union of
// literals per enum, documentation carried over. The output depends on the .avsc files alone. The symbol `unknown` of an enum
// is left out of its type: readers refuse a record that holds it, and nobody may send it.
//
//   node schemas/generate.ts           writes records.ts
//   node schemas/generate.ts --check   exits with 1 when records.ts is not what would be written

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface AvroField {
  readonly name: string;
  readonly doc?: string;
  readonly type: AvroSchema;
}

interface AvroNamed {
  readonly type: string;
  readonly name: string;
  readonly doc?: string;
  readonly fields?: readonly AvroField[];
  readonly symbols?: readonly string[];
  readonly items?: AvroSchema;
  readonly values?: AvroSchema;
}

type AvroSchema = string | AvroNamed | readonly AvroSchema[];

const MAX_COLUMN = 120;

const primitives: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  string: 'string',
};

/** The text of records.ts for the contracts in `directory`. */
export function generateRecords(directory: string): string {
  const declarations = new Map<string, string>();
  const topics = readdirSync(directory)
    .filter((file) => file.endsWith('.avsc'))
    .map((file) => file.slice(0, -'.avsc'.length))
    .sort();
  const rows: string[] = [];
  for (const topic of topics) {
    const schema = JSON.parse(readFileSync(join(directory, `${topic}.avsc`), 'utf8')) as AvroNamed;
    rows.push(`  readonly ${topic}: ${typeOf(schema, declarations)};`);
  }
  const text = [
    '// Generated from the .avsc files by schemas/generate.ts: do not edit.',
    ...declarations.values(),
    `/** Record type of each source topic. */\nexport interface SourceRecords {\n${rows.join('\n')}\n}`,
    '/** Name of a source topic. */\nexport type SourceTopic = keyof SourceRecords;',
    `/** All source topics, in alphabetical order. */\nexport const sourceTopics: readonly SourceTopic[] = [${topics.map((topic) => `'${topic}'`).join(', ')}];`,
  ].join('\n\n');
  const biome = join(import.meta.dirname, '..', 'node_modules', '.bin', 'biome');
  return execFileSync(biome, ['format', '--stdin-file-path=records.ts'], {
    cwd: join(import.meta.dirname, '..'),
    input: `${text}\n`,
    encoding: 'utf8',
  });
}

/** TypeScript's word for `schema`; named types are added to `declarations`, those that a record uses before it. */
function typeOf(schema: AvroSchema, declarations: Map<string, string>): string {
  if (typeof schema === 'string') return primitives[schema] ?? schema;
  if (isUnion(schema)) {
    const branches = schema.map((branch) => typeOf(branch, declarations));
    return [...branches.filter((branch) => branch !== 'null'), 'null'].join(' | ');
  }
  if (schema.type === 'array') return `readonly ${typeOf(schema.items ?? 'null', declarations)}[]`;
  if (schema.type === 'map') return `{ readonly [name: string]: ${typeOf(schema.values ?? 'null', declarations)} }`;
  if (schema.type === 'enum') {
    const symbols = (schema.symbols ?? []).filter((symbol) => symbol !== 'unknown').map((symbol) => `'${symbol}'`);
    declarations.set(schema.name, `${comment(schema.doc, '')}export type ${schema.name} = ${symbols.join(' | ')};`);
    return schema.name;
  }
  if (schema.type === 'record') {
    const fields = (schema.fields ?? []).map(
      (field) => `${comment(field.doc, '  ')}  readonly ${field.name}: ${typeOf(field.type, declarations)};`,
    );
    declarations.set(
      schema.name,
      `${comment(schema.doc, '')}export interface ${schema.name} {\n${fields.join('\n')}\n}`,
    );
    return schema.name;
  }
  return typeOf(schema.type, declarations);
}

function isUnion(schema: AvroSchema): schema is readonly AvroSchema[] {
  return Array.isArray(schema);
}

/** A documentation comment, on one line where it fits. */
function comment(doc: string | undefined, indent: string): string {
  if (doc === undefined) throw new TypeError('every record, enum and field of a contract needs a doc');
  const line = `${indent}/** ${doc} */`;
  if (line.length <= MAX_COLUMN) return `${line}\n`;
  const lines = [`${indent}/**`];
  let current = `${indent} *`;
  for (const word of doc.split(' ')) {
    if (current.length + 1 + word.length > MAX_COLUMN) {
      lines.push(current);
      current = `${indent} *`;
    }
    current += ` ${word}`;
  }
  return `${[...lines, current, `${indent} */`].join('\n')}\n`;
}

if (import.meta.main) {
  const target = join(import.meta.dirname, 'records.ts');
  const text = generateRecords(import.meta.dirname);
  if (!process.argv.includes('--check')) writeFileSync(target, text);
  else if (readFileSync(target, 'utf8') !== text) {
    console.error('schemas/records.ts differs from the .avsc files: run node schemas/generate.ts');
    process.exitCode = 1;
  }
}
