// The tables of docs/architecture.md say what the code says.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALLOWED } from '../../../scripts/check-layers.ts';
import { codeOf, ROOT, readPage, tableRows } from './pages.ts';

const page = readPage('docs/architecture.md');

test('the table of layers is the one that the script holds imports against', () => {
  const rows = tableRows(page, '| folder | may import');
  const written = Object.fromEntries(rows.map(([folder, allowed]) => [codeOf(folder!)[0], codeOf(allowed!).sort()]));
  const held = Object.fromEntries(Object.entries(ALLOWED).map(([folder, allowed]) => [folder, [...allowed].sort()]));
  assert.deepEqual(written, held);
  assert.deepEqual(Object.keys(written), Object.keys(held), 'from the lowest to the highest');
});

const UNITS: { readonly [unit: string]: number } = { '': 1, KiB: 1024, MiB: 1_048_576, min: 60_000, h: 3_600_000 };

/** The value that a file gives a name, as a product of numbers and of other names of the file. */
function constantOf(name: string, source: string): number | undefined {
  const definitions = source.matchAll(
    new RegExp(`\\b${name}(?:: number)?\\s*(?:=|:|\\?\\?)\\s*([\\w. *]+?)[,;})]`, 'g'),
  );
  for (const [, expression] of definitions) {
    const factors = expression!.split('*').map((factor) => {
      const text = factor.trim();
      return /^[\d._]+$/.test(text) ? Number(text.replaceAll('_', '')) : constantOf(text, source);
    });
    if (factors.every((factor) => factor !== undefined))
      return factors.reduce((product, factor) => product * factor, 1);
  }
  return undefined;
}

for (const [what, value, constant, file] of tableRows(page, '| what | at most'))
  test(`the bound "${what}" is what its file says`, () => {
    const [, number, unit] = /^([\d,]+) ?(\w*)$/.exec(value!)!;
    const written = Number(number!.replaceAll(',', '')) * UNITS[unit!]!;
    const source = readFileSync(join(ROOT, codeOf(file!)[0]!), 'utf8');
    assert.equal(constantOf(codeOf(constant!)[0]!, source), written);
  });
