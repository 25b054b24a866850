// Writes reranker.onnx. A shop trains on what its shoppers clicked of what they were shown; so that the example runs without any data,
// this trains on made-up candidates whose worth is the score so far, a little less for what is dear and for what is old.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { boosted } from './boosting.mjs';
import { modelOfStumps } from './onnx.mjs';

/** As RERANK_FEATURES in processors/after-scoring/reranker.ts. */
export const FEATURES = [
  'score',
  'related',
  'content',
  'preference',
  'popular',
  'interactions',
  'ageDays',
  'logPrice',
  'place',
];

/** Made-up candidates and what they are worth, 0 or more. */
export function examples(count) {
  let state = 1;
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const rows = Array.from({ length: count }, () => {
    const [related, content, preference, popular] = [random(), 0.3 * random(), 0.1 * random(), 0.03 * random()];
    const score = related + content + preference + popular;
    return [
      score,
      related,
      content,
      preference,
      popular,
      100 * random(),
      60 * random(),
      6 * random(),
      40 * random(),
    ].map(Math.fround);
  });
  return { rows, targets: rows.map((row) => Math.max(0, row[0] + 0.6 - 0.05 * row[7] - 0.005 * row[6])) };
}

/** Trains and gives the trees and the model's bytes. */
export function trained() {
  const { rows, targets } = examples(600);
  const trees = boosted(rows, targets);
  return { trees, bytes: modelOfStumps(trees.stumps, FEATURES.length, trees.base) };
}

if (import.meta.filename === process.argv[1]) {
  const path = join(import.meta.dirname, 'reranker.onnx');
  writeFileSync(path, trained().bytes);
  console.log(`wrote ${path}`);
}
