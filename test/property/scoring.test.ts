// F1 against a slow implementation that follows the formula word by word over maps of texts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { NeighbourRecord } from '../../processors/neighbours.ts';
import { boughtTogetherScores } from '../../processors/scoring/bought-together.ts';
import { F1Scorer, type QueryItem, queryWeights } from '../../processors/scoring/f1.ts';
import { OTHER_PARTS } from '../../processors/scoring/related-scorer.ts';
import { similarScores } from '../../processors/scoring/similar.ts';
import { HALF_LIFE, indexOf, type Masses, neighbour } from '../unit/processors/records.ts';

const ITEMS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const itemId = fc.constantFrom(...ITEMS);
const mass = fc.float({ min: 0, max: 50, noNaN: true });
const row = fc.dictionary(itemId, fc.record({ f: mass, b: mass, o: mass }), { maxKeys: 8 });
const catalogOfRows = fc.tuple(
  ...ITEMS.map((id) =>
    fc
      .tuple(row, fc.nat(4), fc.float({ min: 0, max: 500, noNaN: true }), fc.float({ min: 0, max: 90, noNaN: true }))
      .map(([partners, halfLives, n, evicted]): NeighbourRecord => {
        const record = neighbour(id, partners, { landmarkMs: halfLives * HALF_LIFE, n, p: n / 3 });
        return { ...record, forward: record.forward + evicted };
      }),
  ),
);

function close(actual: number, expected: number, what: string): void {
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: ${actual}, not ${expected}`,
  );
}

/** What a mass of an item is worth at a time. */
const at = (value: number, record: NeighbourRecord, atMs: number) =>
  value * 0.5 ** ((atMs - record.landmarkMs) / HALF_LIFE);

function partnersOf(record: NeighbourRecord): [string, Required<Masses>][] {
  return ITEMS.flatMap((id): [string, Required<Masses>][] => {
    const i = record.partners.indexOf(neighbour(id, {}).hash);
    return i < 0 ? [] : [[id, { f: record.f[i]!, b: record.b[i]!, o: record.o[i]! }]];
  });
}

function naiveF1(
  records: ReadonlyMap<string, NeighbourRecord>,
  session: readonly string[],
  earlier: readonly string[],
  atMs: number,
): Map<string, number> {
  const related = new Map<string, number>();
  const query = [...session, ...earlier];
  query.forEach((i, back) => {
    const source = records.get(i)!;
    for (const [j, { f, b }] of partnersOf(source)) {
      const weight = 0.6 ** back * (back < session.length ? 1 : 0.5);
      const owner = at(source.forward, source, atMs) + 0.6 * at(source.backward, source, atMs) + 20;
      const n = at(records.get(j)!.n, records.get(j)!, atMs);
      const part = (weight * (at(f, source, atMs) + 0.6 * at(b, source, atMs))) / (owner ** 0.75 * (n + 20) ** 0.5);
      if (part > 0) related.set(j, (related.get(j) ?? 0) + part);
    }
  });
  const highest = Math.max(0, ...related.values()) || 1;
  const scores = new Map([...related].map(([j, value]) => [j, value / highest]));
  session.forEach((j, back) => {
    scores.set(j, (scores.get(j) ?? 0) + 0.7 ** back);
  });
  return scores;
}

test('F1 gives every candidate the score of the formula, in parts that sum to it', () => {
  fc.assert(
    fc.property(
      catalogOfRows,
      fc.shuffledSubarray(ITEMS),
      fc.nat(8),
      fc.integer({ min: 0, max: 6 * HALF_LIFE }),
      (rows, query, sessionLength, atMs) => {
        const records = new Map(rows.map((record) => [record.itemId, record]));
        const index = indexOf(rows, ITEMS);
        const items = query.map(
          (id, back): QueryItem => ({
            denseId: index.internText(id)!,
            record: records.get(id),
            ...queryWeights(back, back < sessionLength ? 1 : 0),
          }),
        );
        const expected = naiveF1(records, query.slice(0, sessionLength), query.slice(sessionLength), atMs);
        const scorer = new F1Scorer(index);
        const times = { atMs, shownAtMs: atMs };
        scorer.score(items, times);
        scorer.score(items, times);
        const width = items.length + OTHER_PARTS.length;
        const touched = scorer.touched.slice(0, scorer.touchedCount);
        assert.deepEqual([...touched].map((denseId) => index.textOf(denseId)!).sort(), [...expected.keys()].sort());
        const parts = scorer.parts(touched, items, times);
        touched.forEach((denseId, k) => {
          const id = index.textOf(denseId)!;
          close(scorer.scores[denseId]!, expected.get(id)!, id);
          const own = parts.subarray(k * width, (k + 1) * width);
          close(
            own.reduce((sum, part) => sum + part, 0),
            scorer.scores[denseId]!,
            `parts of ${id}`,
          );
        });
      },
    ),
  );
});

test('similar and bought-together divide a pair by both sides and the row by its best', () => {
  fc.assert(
    fc.property(catalogOfRows, fc.integer({ min: 0, max: 6 * HALF_LIFE }), (rows, atMs) => {
      const records = new Map(rows.map((record) => [record.itemId, record]));
      const index = indexOf(rows, ITEMS);
      for (const record of rows) {
        const naive = (
          pairMass: (m: Required<Masses>) => number,
          total: number,
          count: (r: NeighbourRecord) => number,
        ) => {
          const scores = partnersOf(record).map(([j, masses]): [string, number] => [
            j,
            at(pairMass(masses), record, atMs) /
              ((at(total, record, atMs) + 20) ** 0.75 *
                (at(count(records.get(j)!), records.get(j)!, atMs) + 20) ** 0.5),
          ]);
          const highest = Math.max(0, ...scores.map(([, score]) => score)) || 1;
          return new Map(scores.map(([j, score]) => [j, score / highest]));
        };
        const compare = (actual: Float64Array, expected: Map<string, number>) =>
          index.partnersOf(record).forEach((denseId, i) => {
            close(actual[i]!, expected.get(index.textOf(denseId)!)!, record.itemId);
          });
        compare(
          similarScores(record, index, atMs),
          naive(
            ({ f, b }) => f + b,
            record.forward + record.backward,
            ({ n }) => n,
          ),
        );
        compare(
          boughtTogetherScores(record, index, atMs),
          naive(
            ({ o }) => o,
            record.together,
            ({ p }) => p,
          ),
        );
      }
    }),
  );
});
