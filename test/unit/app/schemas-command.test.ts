import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const COMMAND = join(import.meta.dirname, '../../../app/commands/schemas.ts');
const CLICK = { eventId: 'e1', visitorId: 'v1', at: 1_790_000_000_000, kind: 'view', itemId: 'i1' };
const line = (value: object) => JSON.stringify({ topic: 'clicks', key: 'v1', value });
const LINES = [line(CLICK), '', line({ ...CLICK, eventId: 'e2', itemId: null }), 'no event', line(CLICK)].join('\n');

/** What the command prints and returns, in a process of its own: it reads standard input and writes standard output. */
async function check(file: string, json: boolean, input = ''): Promise<{ printed: string; isGood: boolean }> {
  const call = `import { checkEvents } from ${JSON.stringify(COMMAND)};
    process.exitCode = (await checkEvents(${JSON.stringify({ file, json })}, new AbortController().signal)) ? 0 : 7;`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', call], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => {
      printed += String(text);
    });
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.ok(code === 0 || code === 7, printed);
  return { printed, isGood: code === 0 };
}

test('a file is checked line by line: number, topic, code, text and what to do, then the counts', async () => {
  const file = join(temporaryDirectory(), 'events.jsonl.gz');
  writeFileSync(file, gzipSync(LINES));
  const { printed, isGood } = await check(file, false);
  assert.equal(isGood, false);
  assert.deepEqual(printed.split('\n'), [
    'line 3 (clicks): missing-id: itemId is missing, view needs it',
    '    Send the id that the text names.',
    'line 4: not-json: The line is not a JSON object.',
    '    Write one JSON object on each line: {"topic": "clicks", "key": "visitor-7", "value": {...}}.',
    '4 events: 2 would be accepted, 2 refused',
    '  1 missing-id',
    '  1 not-json',
    '  1 of the accepted repeat one of the last 64 eventIds of their visitor: they would be dropped and counted',
    '',
  ]);
});

test('standard input is checked, and --json is one object a line', async () => {
  const { printed, isGood } = await check('-', true, LINES);
  assert.equal(isGood, false);
  const [first, second, counts] = printed
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as object);
  assert.deepEqual(
    { ...first, remedy: '' },
    { line: 3, topic: 'clicks', code: 'missing-id', text: 'itemId is missing, view needs it', remedy: '' },
  );
  assert.equal((second as { line: number }).line, 4);
  assert.deepEqual(counts, {
    events: 4,
    accepted: 2,
    refused: 2,
    repeated: 1,
    codes: { 'missing-id': 1, 'not-json': 1 },
  });
});

test('a file in order is good', async () => {
  assert.deepEqual(await check('-', false, line(CLICK)), {
    printed: '1 events: 1 would be accepted, 0 refused\n',
    isGood: true,
  });
});
