// `freshet evaluate` as a person uses it: the text, the JSON object, the page, and what it says when options do not go together.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { EvaluationResult } from '../../tools/evaluate/index.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = join(import.meta.dirname, '..', '..');

function evaluate(parameters: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [join(root, 'bin', 'freshet.js'), 'evaluate', ...parameters],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  return { stdout, stderr, status };
}

test('a table of clicks gives a table of figures, one JSON object and a page', () => {
  const folder = temporaryDirectory();
  const file = join(folder, 'clicks.tsv');
  const clicks = Array.from({ length: 40 }, (_, session) =>
    (session % 2 === 0 ? ['a', 'b', 'c'] : ['d', 'e', 'f']).map(
      (item, i) => `${session}\t${item}\t${1_700_000_000 + 600 * session + 10 * i}`,
    ),
  ).flat();
  writeFileSync(file, `SessionId\tItemId\tTime\n${clicks.join('\n')}\n`);
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
