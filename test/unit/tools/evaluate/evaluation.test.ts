import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate } from '../../../../tools/evaluate/evaluation.ts';
import { evaluationPage } from '../../../../tools/evaluate/report-page.ts';
import type { Protocol } from '../../../../tools/evaluate/sessions.ts';
import { openSessions } from '../../../../tools/evaluate/sessions-input.ts';
import { evaluationText } from '../../../../tools/evaluate/text-report.ts';
import { temporaryFile } from '../support/files.ts';

/** Sessions that walk a ring of items, each from another start: after an item comes the next one. */
function ring(sessions: number, size: number): string {
  return Array.from({ length: sessions }, (_, session) =>
    Array.from({ length: 4 }, (_, step) => `i${(7 * session + step) % size}`).join(' '),
  ).join('\n');
}

async function evaluated(train: string, test: string, protocol: Protocol, hasBaselines = true) {
  const progress: number[] = [];
  const dataSet = await openSessions({ train, test, protocol, spanDays: 30, holdout: 0, limit: 1e9, askEvery: 1 });
  const result = await evaluate({
    dataSet,
    ks: [1, 5, 20],
    hasBaselines,
    lists: {},
    onProgress: ({ doneShare }) => progress.push(doneShare),
    signal: new AbortController().signal,
  });
  return { result, progress };
}

test('the engine and the baselines find what always comes next, and no one finds what never came', async (t) => {
  const train = await temporaryFile(t, 'train.txt', ring(120, 30));
  const test = await temporaryFile(t, 'test.txt', 'i3 i4\ti5\ni3\ti4\ni9\tnever\n');
  const { result } = await evaluated(train, test, 'train-then-test');
  assert.equal(result.questions, 3);
  assert.equal(result.refused, 0);
  assert.equal(result.state.visitors, 120);
  assert.equal(result.state.items, 30);
  assert.ok(result.state.rowBytes > 0 && result.state.neighboursBytes > 0);
  assert.deepEqual(Object.keys(result.lists.scoringUsPerList), ['f1', 'f2']);
  const names = result.tasks.map(({ algorithm }) => algorithm);
  assert.deepEqual(names.slice(-4), ['popularity', 'item-knn', 'sequential-rules', 'vmis-knn']);
  for (const { algorithm, isBaseline, targets, figures } of result.tasks) {
    assert.equal(targets, 3);
    const at20 = figures.at(-1)!;
    if (algorithm !== 'popularity') assert.equal(at20.hitRate, 2 / 3, algorithm);
    if (!isBaseline) assert.ok(at20.mrr > 0.2, `${algorithm}: ${at20.mrr}`);
  }
});

test('test then train learns from the questions, train then test does not', async (t) => {
  const train = await temporaryFile(t, 'train.txt', 'a b\nc d\n');
  // x and y are met for the first time among the questions.
  const lines = Array.from({ length: 12 }, () => 'x\ty').join('\n');
  const test = await temporaryFile(t, 'test.txt', lines);
  const split = await evaluated(train, test, 'train-then-test', false);
  assert.equal(split.result.tasks[0]?.figures.at(-1)?.hitRate ?? 0, 0);
  assert.equal(split.result.state.visitors, 2);
  const stream = await evaluated(train, test, 'test-then-train', false);
  assert.ok(stream.result.tasks[0]!.figures.at(-1)!.hitRate >= 11 / 12);
  assert.equal(stream.result.state.visitors, 14);
});

test('the same files give the same figures, and what is printed and drawn holds them', async (t) => {
  const train = await temporaryFile(t, 'train.txt', ring(60, 30));
  const test = await temporaryFile(t, 'test.txt', 'i3 i4\ti5\ni3\ti4\n');
  const [first, second] = [
    await evaluated(train, test, 'test-then-train'),
    await evaluated(train, test, 'test-then-train'),
  ];
  assert.deepEqual(first.result.tasks, second.result.tasks);
  const text = evaluationText(first.result);
  const page = evaluationPage(first.result);
  for (const { algorithm, figures } of first.result.tasks) {
    const hitRate = (100 * figures.at(-1)!.hitRate).toFixed(2);
    assert.match(text, new RegExp(`${algorithm} .*${hitRate}`));
    assert.ok(page.includes(`>${algorithm}<`) && page.includes(hitRate));
  }
  assert.doesNotMatch(page, /<script|https?:/);
});

test('an evaluation hears a signal while it runs, and ends', async (t) => {
  const train = await temporaryFile(t, 'train.txt', ring(20_000, 30));
  const input = { train, test: undefined, spanDays: 30, holdout: 0.5, limit: 1e9, askEvery: 1 };
  const dataSet = await openSessions({ ...input, protocol: 'train-then-test' });
  const abort = new AbortController();
  const { signal } = abort;
  const options = { dataSet, ks: [20], hasBaselines: false, lists: {}, onProgress() {}, signal };
  const ended = assert.rejects(evaluate(options), { name: 'AbortError' });
  setTimeout(() => abort.abort(), 1);
  await ended;
});

test('the command says what is missing before it reads anything', async () => {
  const { evaluateOptionsFault } = await import('../../../../app/commands/evaluate.ts');
  const given = {
    format: 'sessions',
    file: undefined,
    protocol: 'train-then-test',
    askEvery: 1,
    tuning: {},
    baselines: true,
    json: false,
  } as const;
  assert.match(evaluateOptionsFault(given) ?? '', /--train/);
  assert.match(evaluateOptionsFault({ ...given, train: 'a' }) ?? '', /--test or --holdout/);
  assert.equal(evaluateOptionsFault({ ...given, train: 'a', holdout: 0.1 }), undefined);
  assert.match(evaluateOptionsFault({ ...given, format: 'clicks' }) ?? '', /needs a file/);
  assert.match(evaluateOptionsFault({ ...given, format: 'events', file: 'a' }) ?? '', /test-then-train/);
});

test('the command refuses an option that would do nothing', async () => {
  const { evaluateOptionsFault } = await import('../../../../app/commands/evaluate.ts');
  const given = { protocol: 'test-then-train', askEvery: 1, tuning: {}, baselines: true, json: false } as const;
  const sessions = { ...given, format: 'sessions', file: undefined, train: 'a' } as const;
  assert.match(evaluateOptionsFault({ ...sessions, test: 'b', holdout: 0.1 }) ?? '', /--test.*--holdout/);
  assert.equal(evaluateOptionsFault({ ...sessions, test: 'b', holdout: 0 }), undefined);
  assert.equal(evaluateOptionsFault({ ...sessions, test: 'b', spanDays: 30, limit: 1 }), undefined);
  for (const format of ['events', 'clicks', 'online-retail'] as const) {
    assert.equal(evaluateOptionsFault({ ...given, format, file: 'a' }), undefined);
    assert.match(evaluateOptionsFault({ ...given, format, file: 'a', spanDays: 30 }) ?? '', /--span-days.*sessions/);
    const limited = evaluateOptionsFault({ ...given, format, file: 'a', limit: 1 });
    if (format === 'events') assert.match(limited ?? '', /--limit/);
    else assert.equal(limited, undefined);
  }
});
