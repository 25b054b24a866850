import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CsvRecord, CsvRecords } from '../../../../tools/replay/csv-records.ts';
import { type Line, linesOf } from '../../../../tools/replay/lines.ts';

async function linesIn(chunks: readonly Buffer[]): Promise<Line[]> {
  async function* source() {
    yield* chunks;
  }
  const all: Line[] = [];
  for await (const lines of linesOf(source())) all.push(...lines);
  return all;
}

function recordsIn(text: string): CsvRecord[] {
  const csv = new CsvRecords();
  const records: CsvRecord[] = [];
  csv.add(
    text.split('\n').map((line, index) => ({ text: line, number: index + 1 })),
    records,
  );
  csv.end(records);
  return records;
}

test('lines do not depend on where the bytes were cut, not even within a character', async () => {
  const text = 'first\r\nsecond £ line\n\nlast é';
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: Buffer.byteLength(text) })), async (cuts) => {
      const bytes = Buffer.from(text);
      const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
      const chunks = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
      const lines = await linesIn(chunks);
      assert.deepEqual(lines, [
        { text: 'first', number: 1 },
        { text: 'second £ line', number: 2 },
        { text: '', number: 3 },
        { text: 'last é', number: 4 },
      ]);
    }),
  );
});

test('a byte order mark at the start is left out', async () => {
  assert.deepEqual(await linesIn([Buffer.from('\ufeffa\nb\n')]), [
    { text: 'a', number: 1 },
    { text: 'b', number: 2 },
  ]);
});

test('records come out of CSV as they were put in, whatever the fields hold', () => {
  const field = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', ' ', '£'), maxLength: 8 });
  const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field, field), { minLength: 1, maxLength: 20 }), (rows) => {
      const text = rows.map((fields) => fields.map(quoted).join(',')).join('\n');
      assert.deepEqual(
        recordsIn(text).map((record) => record.fields),
        rows,
      );
    }),
  );
});

test('a quote that never closes costs its own line and no other', () => {
  const records = recordsIn('a,b\nc,"d\ne,f\ng,h');
  assert.deepEqual(
    records.map(({ fields, raw, line }) => [fields?.join('|'), raw, line]),
    [
      ['a|b', 'a,b', 1],
      [undefined, 'c,"d', 2],
      ['e|f', 'e,f', 3],
      ['g|h', 'g,h', 4],
    ],
  );
});

test('two stray quotes on different lines do not take the lines between them along', () => {
  const records = recordsIn('1,5" RULER\n2,PEN\n3,7" RULER\n4,INK');
  assert.deepEqual(
    records.map(({ fields }) => fields?.join('|')),
    [undefined, '2|PEN', undefined, '4|INK'],
  );
});
