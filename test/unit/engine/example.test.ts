import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');

test('the example of the engine prints what its guide says', () => {
  const output = execFileSync(process.execPath, [join(root, 'examples', 'boiler-alarms.ts')], { encoding: 'utf8' });
  assert.equal(output, 'alarm: cellar {"celsius":72,"limit":70}\n');
  assert.ok(readFileSync(join(root, 'docs', 'engine.md'), 'utf8').includes(output));
});
