// docs/logs.md lists the events that the code logs, with their levels, and no others.

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..', '..');
const CALL = /logger\??\.(info|warn|error)\(\s*'([^']+)'/g;
const ROW = /^\| `([^`]+)` \| (info|warn|error) \|/gm;

test('the table of log events is what the code logs', () => {
  const logged = new Set<string>();
  for (const file of globSync('{app,engine,lists,processors,schemas,serving,state,tools,topology}/**/*.ts', {
    cwd: root,
  }))
    for (const [, level, event] of readFileSync(join(root, file), 'utf8').matchAll(CALL))
      logged.add(`${event} ${level}`);
  const page = readFileSync(join(root, 'docs', 'logs.md'), 'utf8');
  const documented = Array.from(page.matchAll(ROW), ([, event, level]) => `${event} ${level}`);
  assert.deepEqual(documented.toSorted(), [...logged].sort());
});
