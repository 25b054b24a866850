// What is written beside the code says what the code does: docs/contracts.md, the schemas' own documentation, records.ts.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { generateRecords } from '../../../schemas/generate.ts';
import { fromJson, readerSchema, refusalCodes, sourceTopics } from '../../../schemas/index.ts';

const root = join(import.meta.dirname, '../../..');
const page = readFileSync(join(root, 'docs/contracts.md'), 'utf8');

test('records.ts is what the generator makes of the schemas', () => {
  assert.equal(readFileSync(join(root, 'schemas/records.ts'), 'utf8'), generateRecords(join(root, 'schemas')));
});

test('the table of codes in docs/contracts.md is the closed list', () => {
  const section = page.slice(page.indexOf('### Codes of the contracts'), page.indexOf('### Codes of the engine'));
  const rows = [...section.matchAll(/^\| `([^`]+)` \| (.*) \|$/gm)].map(([, code, text]) => [code, text]);
  assert.deepEqual(Object.fromEntries(rows), refusalCodes);
});

test('every code of the closed list is one that the contracts refuse with', () => {
  const files = readdirSync(join(root, 'schemas')).filter((file) => file.endsWith('.ts') && file !== 'refusals.ts');
  const text = files.map((file) => readFileSync(join(root, 'schemas', file), 'utf8')).join('\n');
  for (const code of Object.keys(refusalCodes)) assert.ok(text.includes(`'${code}'`), code);
});

for (const topic of sourceTopics) {
  test(`the example of ${topic} in docs/contracts.md is a record of it`, () => {
    const example = new RegExp(`^\`\`\`json ${topic}\\n([^]*?)^\`\`\``, 'm').exec(page)?.[1];
    assert.ok(example !== undefined);
    fromJson(topic, JSON.parse(example));
  });

  test(`every record, enum and field of ${topic} is documented, and what may be absent is null by default`, () => {
    let documented = 0;
    JSON.stringify(readerSchema(topic), (_name, part) => {
      if (typeof part !== 'object' || part === null || !('name' in part)) return part;
      documented++;
      assert.ok(part.doc?.length > 10, part.name);
      assert.match(part.doc, /\.$/, part.name);
      if (Array.isArray(part.type)) {
        assert.equal(part.type[0], 'null', part.name);
        assert.equal(part.default, null, part.name);
      }
      if (part.type === 'enum') assert.equal(part.default, 'unknown', part.name);
      return part;
    });
    assert.ok(documented > 4);
  });
}
