import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlgorithmChoice } from '../../../../processors/top-n/algorithm-choice.ts';

test('a task that stays behind steps down to F2, to F1 and to plain lists, and up again when it has caught up', () => {
  const choice = new AlgorithmChoice();
  const after = (batches: number, isBehind: boolean) => {
    for (let i = 0; i < batches; i++) choice.observe(isBehind ? 1 : 0);
    return choice.best('learned');
  };
  assert.equal(after(3, true), 'learned');
  assert.equal(after(1, true), 'f2');
  assert.equal(after(4, true), 'f1');
  assert.equal(choice.isPlain, false);
  assert.equal(after(100, true), 'f1');
  assert.equal(choice.isPlain, true);
  assert.equal(after(4, false), 'f1');
  assert.equal(choice.isPlain, true);
  assert.equal(after(4, false), 'f1');
  assert.equal(choice.isPlain, false);
  assert.equal(after(2, false), 'f2');
  assert.equal(after(4, false), 'learned');
});

test('a batch larger than usual counts for as many as it stands for, but no burst is remembered for long', () => {
  const choice = new AlgorithmChoice();
  choice.observe(2.5);
  assert.equal(choice.best('learned'), 'learned');
  choice.observe(8);
  assert.equal(choice.best('learned'), 'f1');
  choice.observe(8);
  assert.equal(choice.isPlain, true);
  for (let i = 0; i < 16; i++) choice.observe(0);
  assert.equal(choice.best('learned'), 'learned');
});

test('no better algorithm is taken than the one that is wanted', () => {
  const choice = new AlgorithmChoice();
  assert.equal(choice.best('f1'), 'f1');
  assert.equal(choice.best('f2'), 'f2');
  for (let i = 0; i < 5; i++) choice.observe(1);
  assert.equal(choice.best('f2'), 'f2');
  assert.equal(choice.best('learned'), 'f2');
});
