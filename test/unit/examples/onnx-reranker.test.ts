// The example's trees and, where onnxruntime-node is installed beside it, the model that it runs.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RERANK_FEATURES, type Reranker } from '../../../processors/after-scoring/reranker.ts';
import { missing } from '../../support/requires.ts';

interface Example {
  readonly FEATURES: readonly string[];
  examples(count: number): { readonly rows: readonly number[][]; readonly targets: readonly number[] };
  trained(): { readonly trees: unknown; readonly bytes: Buffer };
}

const FOLDER = join(import.meta.dirname, '../../../examples/onnx-reranker');
const load = (file: string) => import(join(FOLDER, file));

test('boosted trees predict what they were trained on, of the features that rerankers are told', async () => {
  const { FEATURES, examples, trained }: Example = await load('make-model.mjs');
  const { predicted }: { predicted(trees: unknown, row: readonly number[]): number } = await load('boosting.mjs');
  assert.deepEqual(FEATURES, [...RERANK_FEATURES]);
  const { rows, targets } = examples(200);
  const { trees } = trained();
  const mean = targets.reduce((sum, target) => sum + target, 0) / targets.length;
  let [error, spread] = [0, 0];
  for (const [i, row] of rows.entries()) {
    error += (predicted(trees, row) - targets[i]!) ** 2;
    spread += (mean - targets[i]!) ** 2;
  }
  assert.ok(error < 0.05 * spread);
});

const isInstalled = (() => {
  try {
    createRequire(join(FOLDER, 'package.json')).resolve('onnxruntime-node');
    return true;
  } catch {
    return false;
  }
})();

const needsOnnx = isInstalled
  ? {}
  : missing('onnxruntime-node is missing: npm install --prefix examples/onnx-reranker');

test('the ONNX model scores as the trees do', needsOnnx, async (t) => {
  const { examples, trained }: Example = await load('make-model.mjs');
  const { predicted }: { predicted(trees: unknown, row: readonly number[]): number } = await load('boosting.mjs');
  const { openReranker }: { openReranker(path: string): Promise<Reranker & { close(): Promise<number> }> } =
    await load('reranker.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'freshet-onnx-'));
  const { trees, bytes } = trained();
  writeFileSync(join(folder, 'model.onnx'), bytes);
  const reranker = await openReranker(join(folder, 'model.onnx'));
  t.after(async () => {
    await reranker.close();
    rmSync(folder, { recursive: true });
  });
  const { rows } = examples(60);
  const scores = reranker.score(Float32Array.from(rows.flat()), rows.length);
  for (const [i, row] of rows.entries()) assert.ok(Math.abs(scores[i]! - Math.max(0, predicted(trees, row))) < 1e-5);
  assert.throws(() => reranker.score(new Float32Array(0), 5000), RangeError);
});
