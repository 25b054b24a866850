import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadReranker, RerankerError } from '../../../app/reranker.ts';
import { RerankStep } from '../../../processors/after-scoring/rerank-step.ts';
import { RERANK_FEATURES, type Reranker } from '../../../processors/after-scoring/reranker.ts';
import type { Candidate } from '../../../processors/campaigns.ts';
import { ItemFacts } from '../../../processors/content/item-facts.ts';
import { emptyProfile } from '../../../processors/profile/profile.ts';
import type { ListQuery } from '../../../processors/top-n/pipeline.ts';
import { DAY, entry, indexOf, neighbour } from './records.ts';

const NOW = 20 * DAY;

const QUERY: ListQuery = {
  definition: 'for-you',
  profile: emptyProfile(),
  evidence: [],
  blocked: new Set(),
  times: { atMs: NOW, shownAtMs: NOW },
  sources: { entryOf: () => undefined, segmentOf: () => undefined, recordOf: () => undefined, loadRecords() {} },
  length: 40,
  reach: 40,
};

function reranked(score: Reranker['score']): Candidate[] {
  const index = indexOf([neighbour('a', {}, { n: 4, lastSeenMs: NOW - 2 * DAY, landmarkMs: NOW })], ['a', 'b']);
  const facts = new ItemFacts(index, 'compared');
  facts.apply('b', entry('b', { price: 10 }));
  const candidates: Candidate[] = [
    { denseId: index.internText('a')!, id: 'a', score: 1, extra: [{ kind: 'content', part: 0.25 }] },
    { denseId: index.internText('b')!, id: 'b', score: 0.5, extra: [{ kind: 'popular', part: 0.5 }] },
  ];
  return new RerankStep({ name: 'test', score }, index, facts).apply(candidates, QUERY);
}

test('a model is told what is known of each candidate, and its scores stand, explained', () => {
  let told: { readonly [name: string]: number }[] = [];
  const after = reranked((features, count) => {
    const width = RERANK_FEATURES.length;
    told = Array.from({ length: count }, (_, row) =>
      Object.fromEntries(RERANK_FEATURES.map((name, column) => [name, features[row * width + column]!])),
    );
    return Float32Array.of(0.25, 2);
  });
  const nothing = { related: 0, content: 0, preference: 0, popular: 0, interactions: 0, logPrice: 0 };
  assert.deepEqual(told, [
    { ...nothing, score: 1, related: 0.75, content: 0.25, interactions: 4, ageDays: 2, place: 0 },
    { ...nothing, score: 0.5, popular: 0.5, ageDays: 3650, logPrice: Math.fround(Math.log(10)), place: 1 },
  ]);
  assert.deepEqual(
    after.map(({ id, score, extra }) => [id, score, extra.at(-1)]),
    [
      ['b', 2, { kind: 'reranked', part: 1.5 }],
      ['a', 0.25, { kind: 'reranked', part: -0.75 }],
    ],
  );
});

test('a model that gives no scores to go by is refused', () => {
  for (const scores of [[1], [1, Number.NaN], [1, -1], [1, Number.POSITIVE_INFINITY]])
    assert.throws(() => reranked(() => Float32Array.from(scores)), RangeError);
});

test('a module that makes no reranker is refused with its name', async () => {
  await assert.rejects(loadReranker('no/such/module.mjs'), RerankerError);
  await assert.rejects(loadReranker('processors/decay.ts'), /decay\.ts makes has no "name"/);
  assert.equal(await loadReranker(undefined), undefined);
});
