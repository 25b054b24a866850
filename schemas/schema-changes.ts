// What changed between two versions of a contract, field by field, and which of the changes keep the new schema from reading what
// the old one wrote. For people: compatibility.ts decides with Avro's own resolution, this says where. Covers what the contracts
// use: nested records, enums, arrays, maps, unions; no references by name. Names are compared with their namespaces, as Avro does it.

import type { Schema } from 'avsc';

export interface SchemaChange {
  /** Where, e.g. `lines[].quantity`; empty for the record itself. */
  readonly path: string;
  /** What, in words. */
  readonly text: string;
  /** Whether values of the old schema cannot be read with the new one because of it. */
  readonly breaks: boolean;
}

/** A part of a schema, as parsed JSON. */
type Part = string | readonly Part[] | { readonly [name: string]: unknown };

/** Avro's promotions: a value of the first may be read as any of the others. */
const PROMOTIONS: { readonly [from: string]: readonly string[] } = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** Changes from `oldSchema` to `newSchema`, in the order of the fields. Documentation does not count, nor how a name is written. */
export function schemaChanges(oldSchema: Schema, newSchema: Schema): readonly SchemaChange[] {
  const changes: SchemaChange[] = [];
  compare(withFullNames(oldSchema as Part, ''), withFullNames(newSchema as Part, ''), '', changes);
  return changes;
}

function compare(before: Part, after: Part, path: string, changes: SchemaChange[]): void {
  if (isUnion(before) || isUnion(after)) {
    compareUnions(branchesOf(before), branchesOf(after), path, changes);
    return;
  }
  const from = kindOf(before);
  const to = kindOf(after);
  if (from !== to) {
    const breaks = !(PROMOTIONS[from] ?? []).includes(to);
    changes.push({ path, text: `is ${describe(after)} and was ${describe(before)}`, breaks });
    return;
  }
  const [old, now] = [before as { [name: string]: unknown }, after as { [name: string]: unknown }];
  if (from === 'array') compare(old.items as Part, now.items as Part, `${path}[]`, changes);
  else if (from === 'map') compare(old.values as Part, now.values as Part, `${path}{}`, changes);
  else if (from === 'record' || from === 'enum') {
    if (old.name !== now.name)
      changes.push({ path, text: `is called ${now.name} and was called ${old.name}`, breaks: true });
    if (from === 'record') compareFields(fieldsOf(old), fieldsOf(now), path, changes);
    else compareSymbols(old.symbols as readonly string[], now.symbols as readonly string[], path, changes);
  }
}

interface Field {
  readonly name: string;
  readonly type: Part;
  readonly default?: unknown;
}

function compareFields(before: readonly Field[], after: readonly Field[], path: string, changes: SchemaChange[]): void {
  const join = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const field of after) {
    const old = before.find(({ name }) => name === field.name);
    if (old === undefined) {
      const isOptional = field.default !== undefined;
      const text = isOptional
        ? `is new, with the default ${JSON.stringify(field.default)}`
        : `is new and has no default: ${describe(field.type)}`;
      changes.push({ path: join(field.name), text, breaks: !isOptional });
      continue;
    }
    compare(old.type, field.type, join(field.name), changes);
    const [was, is] = [JSON.stringify(old.default), JSON.stringify(field.default)];
    if (was !== is)
      changes.push({
        path: join(field.name),
        text: `has the default ${is ?? 'none'} and had ${was ?? 'none'}`,
        breaks: false,
      });
  }
  for (const { name } of before)
    if (!after.some((field) => field.name === name))
      changes.push({ path: join(name), text: 'is taken away', breaks: false });
}

function compareSymbols(
  before: readonly string[],
  after: readonly string[],
  path: string,
  changes: SchemaChange[],
): void {
  for (const symbol of after)
    if (!before.includes(symbol)) changes.push({ path, text: `has the new symbol ${symbol}`, breaks: false });
  for (const symbol of before)
    if (!after.includes(symbol)) changes.push({ path, text: `has no symbol ${symbol} any more`, breaks: true });
}

function compareUnions(before: readonly Part[], after: readonly Part[], path: string, changes: SchemaChange[]): void {
  for (const branch of before) {
    const same = after.find((other) => kindOf(other) === kindOf(branch));
    if (same !== undefined) compare(branch, same, path, changes);
    else {
      const isPromoted = after.some((other) => (PROMOTIONS[kindOf(branch)] ?? []).includes(kindOf(other)));
      changes.push({ path, text: `can be no ${describe(branch)} any more`, breaks: !isPromoted });
    }
  }
  for (const branch of after)
    if (!before.some((other) => kindOf(other) === kindOf(branch)))
      changes.push({ path, text: `can be ${describe(branch)} now`, breaks: false });
}

const isUnion = (part: Part): part is readonly Part[] => Array.isArray(part);
const branchesOf = (part: Part): readonly Part[] => (isUnion(part) ? part : [part]);

/** `record`, `enum`, `array`, `map`, or the name of a primitive, which may be wrapped to carry a logical type. */
function kindOf(part: Part): string {
  if (typeof part === 'string') return part;
  const { type } = part as { readonly type?: unknown };
  return typeof type === 'string' ? type : kindOf(type as Part);
}

const describe = (part: Part) => (isUnion(part) ? `one of ${part.map(kindOf).join(', ')}` : kindOf(part));
const fieldsOf = (record: { readonly [name: string]: unknown }) => record.fields as readonly Field[];

/** The schema with every name in full. `enclosing`: the namespace of names that say none. */
function withFullNames(part: Part, enclosing: string): Part {
  if (typeof part === 'string') return part;
  if (isUnion(part)) return part.map((branch) => withFullNames(branch, enclosing));
  switch (kindOf(part)) {
    case 'array':
      return { ...part, items: withFullNames(part.items as Part, enclosing) };
    case 'map':
      return { ...part, values: withFullNames(part.values as Part, enclosing) };
    case 'enum':
      return { ...part, name: fullName(part, enclosing) };
    case 'record': {
      const name = fullName(part, enclosing);
      const namespace = name.slice(0, Math.max(0, name.lastIndexOf('.')));
      const fields = fieldsOf(part).map((field) => ({ ...field, type: withFullNames(field.type, namespace) }));
      return { ...part, name, fields };
    }
    default:
      return part;
  }
}

function fullName({ name, namespace }: { readonly [name: string]: unknown }, enclosing: string): string {
  const own = String(name);
  const space = typeof namespace === 'string' ? namespace : enclosing;
  return own.includes('.') || space === '' ? own : `${space}.${own}`;
}
