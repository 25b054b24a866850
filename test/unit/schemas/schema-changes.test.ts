import assert from 'node:assert/strict';
import test from 'node:test';
import avsc, { type Schema } from 'avsc';
import fc from 'fast-check';
import { incompatibility, readerSchema, sourceTopics } from '../../../schemas/index.ts';
import { schemaChanges } from '../../../schemas/schema-changes.ts';

const record = (fields: readonly object[], name = 'R') => ({ type: 'record', name, fields }) as unknown as Schema;
const field = (name: string, type: unknown, value?: unknown) =>
  value === undefined ? { name, type } : { name, type, default: value };

function told(before: Schema, after: Schema): string[] {
  return schemaChanges(before, after).map(({ path, text, breaks }) => `${path} ${text}${breaks ? ' !' : ''}`);
}

test('a schema has not changed from itself, whatever its documentation says', () => {
  for (const topic of sourceTopics) {
    const schema = readerSchema(topic);
    const bare = JSON.parse(JSON.stringify(schema, (name, part) => (name === 'doc' ? undefined : part))) as Schema;
    assert.deepEqual(schemaChanges(schema, bare), []);
  }
});

test('a contract written with full names, as other tools write it, breaks nothing', () => {
  for (const topic of sourceTopics) {
    const schema = readerSchema(topic);
    const withFullNames = avsc.Type.forSchema(schema).schema({ exportAttrs: true });
    const breaking = schemaChanges(withFullNames, schema).filter(({ breaks }) => breaks);
    assert.deepEqual(breaking, [], topic);
    assert.equal(incompatibility(schema, withFullNames), undefined, topic);
  }
});

test('every change is told with its place, and whether it breaks', () => {
  const line = (type: string) => ({
    type: 'array',
    items: { type: 'record', name: 'Line', fields: [field('price', type)] },
  });
  const kind = (symbols: string[]) => ({ type: 'enum', name: 'Kind', symbols });
  const before = record([
    field('id', 'string'),
    field('lines', line('int')),
    field('kind', kind(['a', 'b'])),
    field('note', ['null', 'string'], null),
    field('old', 'int'),
  ]);
  const after = record([
    field('id', 'int'),
    field('lines', line('double')),
    field('kind', kind(['a', 'c'])),
    field('note', 'string'),
    field('extra', 'string'),
    field('more', ['null', 'string'], null),
  ]);
  assert.deepEqual(told(before, after), [
    'id is int and was string !',
    'lines[].price is double and was int',
    'kind has the new symbol c',
    'kind has no symbol b any more !',
    'note can be no null any more !',
    'note has the default none and had null',
    'extra is new and has no default: string !',
    'more is new, with the default null',
    'old is taken away',
  ]);
});

test('a record or an enum with another name breaks', () => {
  assert.deepEqual(told(record([], 'A'), record([], 'B')), [' is called B and was called A !']);
});

test('a namespace holds for what lies within, down to the next that is named', () => {
  const kind = (name: string, namespace?: string) => field('kind', { type: 'enum', name, namespace, symbols: ['a'] });
  const lines = (name: string, part: object) => [field('lines', { type: 'array', items: record([part], name) })];
  const before = record(lines('shop.Line', kind('Kind')), 'a.R');
  assert.deepEqual(told(before, record(lines('shop.Line', kind('Kind', 'shop')), 'a.R')), []);
  assert.deepEqual(told(before, record(lines('shop.Line', kind('Kind', '')), 'a.R')), [
    'lines[].kind is called Kind and was called shop.Kind !',
  ]);
  assert.deepEqual(told(before, record(lines('Line', kind('shop.Kind')), 'a.R')), [
    'lines[] is called a.Line and was called shop.Line !',
  ]);
});

/** Types of which one can be read as another, or not. A name stands for one type in a schema: an enum is named by its field. */
const primitive = fc.constantFrom('int', 'long', 'float', 'double', 'string', 'boolean', 'bytes');
const typeOf = (name: string) =>
  fc.oneof(
    primitive,
    primitive.map((items) => ({ type: 'array', items })),
    primitive.map((values) => ({ type: 'map', values })),
    fc
      .tuple(fc.constantFrom(['a'], ['a', 'b'], ['b', 'c']), fc.constantFrom(undefined, 'shop', ''))
      .map(([symbols, namespace]) => ({ type: 'enum', name, namespace, symbols })),
    fc.constantFrom('string', 'int', 'long').map((branch) => ['null', branch]),
  );
const schemaOf = fc
  .record({ p: typeOf('P'), q: typeOf('Q') }, { requiredKeys: [] })
  .map((fields) => Object.entries(fields).map(([name, part]) => field(name, part)))
  .map((fields) => record(fields, 'shop.R'));

test('something is said to break exactly where Avro cannot resolve the old schema to the new one', () => {
  fc.assert(
    fc.property(schemaOf, schemaOf, (before, after) => {
      const breaks = schemaChanges(before, after).some((change) => change.breaks);
      assert.equal(breaks, incompatibility(after, before) !== undefined);
    }),
    { numRuns: 2000 },
  );
});
