// Rows, totals, popularity and user vectors equal a naive recomputation from the raw events.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DAY_MS, type HalfLives, valueFactor } from '../../processors/decay.ts';
import { itemHash } from '../../schemas/item-hash.ts';
import type { Click, Purchase } from '../../schemas/records.ts';
import { type OracleAnswer, type OracleEvent, recompute } from '../support/co-occurrence-oracle.ts';
import { entriesOf } from '../support/row-entries.ts';
import { click, purchase, recordsOf, VisitorPipeline } from '../support/visitor-pipeline.ts';

const START = Date.UTC(2026, 0, 10);
const halfLives: HalfLives = {
  rowsMs: 3 * DAY_MS,
  userVectorMs: 2 * DAY_MS,
  popularMs: 4 * DAY_MS,
  trendingMs: DAY_MS,
};
const ITEMS = ['a', 'b', 'c', 'd', 'é', 'f-6', 'g'];
const categoriesOf = (item: string) => (item < 'd' ? ['first', 'second'] : []);

interface Step {
  readonly visitor: number;
  /** Ms since the step before; late when negative. */
  readonly afterMs: number;
  readonly session: number;
  readonly what: 'click' | 'order' | 'return' | 'again';
  readonly kind: Click['kind'];
  readonly rating: number;
  readonly items: readonly number[];
  readonly quantity: number;
  readonly pick: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  visitor: fc.nat({ max: 1 }),
  afterMs: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 10 * 60_000 }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: DAY_MS }) },
    { weight: 3, arbitrary: fc.integer({ min: -2 * 3_600_000, max: 0 }) },
  ),
  session: fc.nat({ max: 3 }),
  what: fc.constantFrom('click', 'click', 'click', 'click', 'order', 'return', 'again'),
  kind: fc.constantFrom(
    'view',
    'view',
    'view',
    'listClick',
    'addToCart',
    'wishlist',
    'like',
    'dislike',
    'rate',
    'dwell',
    'search',
    'removeFromCart',
  ),
  rating: fc.integer({ min: 1, max: 5 }),
  items: fc.array(fc.nat({ max: ITEMS.length - 1 }), { minLength: 1, maxLength: 6 }),
  quantity: fc.integer({ min: 1, max: 3 }),
  pick: fc.nat(),
});

/** At most 60 events: no list of a profile overflows, orders stay within the receipts. */
const stream = fc.array(step, { minLength: 1, maxLength: 60 });

function eventsOf(steps: readonly Step[]): (Click | Purchase)[] {
  const events: (Click | Purchase)[] = [];
  const orders: Purchase[] = [];
  const ordersOf = [0, 0];
  let at = START;
  for (const [index, one] of steps.entries()) {
    at += one.afterMs;
    const visitorId = `visitor-${one.visitor}`;
    const common = {
      eventId: `e${index}`,
      visitorId,
      at,
      sessionId: one.session === 0 ? null : `s${one.session}`,
      device: one.pick % 2 === 0 ? 'phone' : null,
      region: one.pick % 3 === 0 ? 'north' : null,
    };
    const items = one.items.map((item) => ITEMS[item]!);
    if (one.what === 'again' && events.length > 0) {
      events.push(events[one.pick % events.length]!);
    } else if (one.what === 'order' && ordersOf[one.visitor]! < 8) {
      ordersOf[one.visitor]!++;
      const order = purchase(
        items.map((item) => [item, one.quantity]),
        { ...common, orderId: `o${index}` },
      );
      orders.push(order);
      events.push(order);
    } else if (one.what === 'return' && orders.length > 0) {
      const order = orders[one.pick % orders.length]!;
      const taken = order.lines
        .filter((_, line) => (one.pick >> line) % 2 === 0)
        .map(({ itemId }) => [itemId, one.quantity] as const);
      const status = one.pick % 2 === 0 ? 'returned' : 'cancelled';
      const lines = [...taken, ...(one.pick % 5 === 0 ? [['unknown', 1] as const] : [])];
      events.push(purchase(lines, { ...common, visitorId: order.visitorId, orderId: order.orderId, status }));
    } else {
      const { kind } = one;
      const itemId = kind === 'search' ? null : items[0]!;
      events.push(click({ ...common, kind, itemId, rating: kind === 'rate' ? one.rating : null }));
    }
  }
  return events;
}

/** What the engine says, under the oracle's names. */
function answerOf(pipeline: VisitorPipeline, atMs: number): Map<string, number> {
  const sums = new Map<string, number>();
  const nameOf = new Map(ITEMS.map((item) => [itemHash(item), item]));
  for (const [item, row] of pipeline.rows()) {
    const factor = valueFactor(atMs, row.landmarkMs, halfLives.rowsMs);
    sums.set(`n ${item}`, row.n * factor);
    sums.set(`p ${item}`, row.p * factor);
    sums.set(`repeats ${item}`, row.repeats * factor);
    sums.set(`F ${item}`, row.forward * factor);
    sums.set(`B ${item}`, row.backward * factor);
    sums.set(`O ${item}`, row.together * factor);
    for (const { hash, f, b, o } of entriesOf(row)) {
      const partner = nameOf.get(hash)!;
      sums.set(`f ${item} ${partner}`, f * factor);
      sums.set(`b ${item} ${partner}`, b * factor);
      sums.set(`o ${item} ${partner}`, o * factor);
    }
  }
  for (const { popularLandmarkMs, items: ids, segments } of pipeline.segmentDeltas) {
    const factor = valueFactor(atMs, popularLandmarkMs, halfLives.popularMs);
    for (const { segment, items, popular } of segments) {
      for (let i = 0; i < items.length; i++) {
        const name = `popular ${segment} ${ids[items[i]!]}`;
        sums.set(name, (sums.get(name) ?? 0) + popular[i]! * factor);
      }
    }
  }
  for (const visitor of ['visitor-0', 'visitor-1']) {
    const vector = pipeline.profile(visitor)?.vector;
    if (vector === undefined) continue;
    const factor = valueFactor(atMs, vector.landmarkMs, halfLives.userVectorMs);
    for (let d = 0; d < vector.sums.length; d++) sums.set(`vector ${visitor} ${d}`, vector.sums[d]! * factor);
  }
  return sums;
}

/** F, B and O are the sums of a row's masses. */
function withRowSums(answer: OracleAnswer): OracleAnswer {
  const sums = new Map(answer.sums);
  const gross = new Map(answer.gross);
  for (const [from, to] of [
    [answer.sums, sums],
    [answer.gross, gross],
  ] as const) {
    for (const [name, value] of from) {
      const [kind, item] = name.split(' ');
      if (kind !== 'f' && kind !== 'b' && kind !== 'o') continue;
      const total = `${kind.toUpperCase()} ${item}`;
      to.set(total, (to.get(total) ?? 0) + value);
    }
  }
  return { sums, gross };
}

test('Rows, totals, popularity and vectors equal a naive recomputation, with late events, repetitions and returns', async () => {
  await fc.assert(
    fc.asyncProperty(stream, fc.integer({ min: 1, max: 9 }), async (steps, batchSize) => {
      const events = eventsOf(steps);
      const pipeline = new VisitorPipeline({ halfLives, categoriesOf });
      for (let from = 0; from < events.length; from += batchSize) {
        await pipeline.process(recordsOf(...events.slice(from, from + batchSize)));
      }
      const atMs = Math.max(...events.map(({ at }) => at));
      const raw = events.map(
        (value): OracleEvent => ('lines' in value ? { topic: 'purchases', value } : { topic: 'clicks', value }),
      );
      const expected = withRowSums(recompute(raw, atMs, halfLives, categoriesOf));
      const actual = answerOf(pipeline, atMs);
      for (const name of new Set([...expected.gross.keys(), ...actual.keys()])) {
        const wanted = expected.sums.get(name) ?? 0;
        const found = actual.get(name) ?? 0;
        const limit = 1e-9 * (expected.gross.get(name) ?? 0);
        assert.ok(Math.abs(wanted - found) <= limit, `${name}: ${found} instead of ${wanted}`);
      }
    }),
    { numRuns: 400 },
  );
});
