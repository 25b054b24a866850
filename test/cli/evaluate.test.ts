// `freshet evaluate` as a person uses it: the text, the JSON object, the page, and what it says when options do not go together.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EvaluationResult } from '../../tools/evaluate/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');

function evaluate(parameters: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [COMMAND, 'evaluate', ...parameters], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH },
  });
  return { stdout, stderr, status };
}

/** A table of forty sessions of three clicks each. */
function writeClicks(folder: string): string {
  const file = join(folder, 'clicks.tsv');
  const clicks = Array.from({ length: 40 }, (_, session) =>
    (session % 2 === 0 ? ['a', 'b', 'c'] : ['d', 'e', 'f']).map(
      (item, i) => `${session}\t${item}\t${1_700_000_000 + 600 * session + 10 * i}`,
    ),
  ).flat();
  writeFileSync(file, `SessionId\tItemId\tTime\n${clicks.join('\n')}\n`);
  return file;
}

test('a table of clicks gives a table of figures, one JSON object and a page', () => {
  const folder = temporaryDirectory();
  const file = writeClicks(folder);
  const page = join(folder, 'report.html');

  const text = evaluate([file, '--format', 'clicks', '--holdout', '0.25', '--report', page]);
  assert.equal(text.status, 0, text.stderr);
  assert.match(text.stdout, /next click \(20 targets\)/);
  for (const name of ['f1', 'f2', 'learned', 'popularity', 'item-knn', 'sequential-rules', 'vmis-knn'])
    assert.match(text.stdout, new RegExp(`^  ${name} +100\\.00`, 'm'));
  assert.match(readFileSync(page, 'utf8'), /<svg/);

  const json = evaluate([file, '--format', 'clicks', '--holdout', '0.25', '--json', '--no-baselines']);
  const result = JSON.parse(json.stdout) as EvaluationResult;
  assert.equal(result.questions, 20);
  assert.ok(result.tasks.every(({ isBaseline }) => !isBaseline));
});

test('a page for which there is no folder is refused before anything is read', () => {
  const report = join(temporaryDirectory(), 'gone', 'report.html');
  const { stdout, stderr, status } = evaluate(['nowhere.jsonl', '--report', report]);
  assert.equal(status, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /--report cannot be written: .*gone/);
  assert.doesNotMatch(stderr, /nowhere\.jsonl|\n {4}at /);
});

test('figures are printed though their page cannot be written, and the page is written though nobody reads the figures', async () => {
  const folder = temporaryDirectory();
  const file = writeClicks(folder);
  const parameters = [file, '--format', 'clicks', '--no-baselines', '--report'];
  const unwritable = evaluate([...parameters, folder]);
  assert.equal(unwritable.status, 1);
  assert.match(unwritable.stdout, /next click/);
  assert.match(unwritable.stderr, /freshet: EISDIR/);

  const page = join(folder, 'report.html');
  const child = spawn(process.execPath, [COMMAND, 'evaluate', ...parameters, page], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.match(readFileSync(page, 'utf8'), /<svg/);
});

test('options that do not go together are explained, with exit code 2', () => {
  const { stderr, status } = evaluate(['--format', 'sessions', '--train', 'somewhere']);
  assert.equal(status, 2);
  assert.match(stderr, /--test or --holdout/);
  for (const [parameters, option] of [
    [['shop.jsonl', '--limit', '10'], /--limit/],
    [['shop.jsonl', '--span-days', '10'], /--span-days/],
    [['--format', 'sessions', '--train', 'a', '--test', 'b', '--holdout', '0.1'], /--test.*--holdout/],
  ] as const) {
    const refused = evaluate(parameters);
    assert.equal(refused.status, 2);
    assert.match(refused.stderr, option);
  }
});

test('how lists are made can be tried out, and what is no such thing is refused by name', () => {
  const file = join(temporaryDirectory(), 'shop.jsonl');
  const { stderr, status } = evaluate([file, '--tuning', '{"contentShare":2}']);
  assert.equal(status, 2);
  assert.match(stderr, /--tuning.*contentShare/);
  assert.match(evaluate([file, '--tuning', 'content']).stderr, /--tuning.*JSON object/);
});
