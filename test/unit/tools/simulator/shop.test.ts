import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { RefusedRecordError } from '../../../../engine/api/index.ts';
import { type Click, fromJson, keyOf, type Purchase } from '../../../../schemas/index.ts';
import { createShop, type ShopOptions, type SimulatedEvent } from '../../../../tools/simulator/index.ts';

const START_MS = Date.UTC(2026, 0, 5, 9);

function take(count: number, options: Partial<ShopOptions> = {}): SimulatedEvent[] {
  const shop = createShop({ seed: 7, startAtMs: START_MS, eventsPerSecond: 100, ...options });
  const events = shop.catalogEvents();
  const end = events.length + count;
  for (const event of shop.events()) if (events.push(event) === end) break;
  return events;
}

function hashOf(events: readonly SimulatedEvent[]): string {
  const hash = createHash('sha256');
  for (const event of events) hash.update(`${JSON.stringify(event)}\n`);
  return hash.digest('hex');
}

test('the same seed gives the same events, byte for byte, today and in every later release', () => {
  assert.equal(hashOf(take(5_000)), hashOf(take(5_000)));
  // A change of this hash changes what a seed means: say so in the changelog.
  assert.equal(hashOf(take(5_000)).slice(0, 16), '0c4e7d2775f12227');
});

test('another seed and another opening time give other events', () => {
  assert.notEqual(hashOf(take(500)), hashOf(take(500, { seed: 8 })));
  const ids = (events: SimulatedEvent[]) => new Set(events.map((event) => event.value?.eventId));
  const later = ids(take(2_000, { startAtMs: START_MS + 60_000 }));
  assert.ok([...ids(take(2_000))].every((id) => id === undefined || !later.has(id)));
});

test('every event keeps the contract of its topic and is keyed by it', () => {
  for (const { topic, key, value, at } of take(60_000)) {
    if (value === null) continue;
    const record = fromJson(topic, value);
    assert.equal(keyOf(topic, record), key);
    assert.equal(record.at, at);
  }
});

test('event time never goes back and no event id comes twice', () => {
  const events = take(60_000);
  const ids = new Set<string>();
  let lastAt = 0;
  let records = 0;
  for (const { at, value } of events) {
    assert.ok(at >= lastAt);
    lastAt = at;
    if (value === null) continue;
    records += 1;
    ids.add(value.eventId);
  }
  assert.equal(ids.size, records);
});

test('every kind of thing happens within a quarter of an hour', () => {
  const seen = new Set<string>();
  for (const { topic, value } of take(90_000)) {
    const kind = value === null ? 'tombstone' : 'kind' in value ? value.kind : 'status' in value ? value.status : '';
    seen.add(`${topic} ${kind}`);
  }
  const clicks = [
    'view',
    'addToCart',
    'removeFromCart',
    'wishlist',
    'listClick',
    'search',
    'rate',
    'like',
    'dislike',
    'dwell',
  ];
  for (const kind of clicks) assert.ok(seen.has(`clicks ${kind}`), kind);
  for (const status of ['placed', 'cancelled', 'returned']) assert.ok(seen.has(`purchases ${status}`), status);
  for (const other of [
    'catalog ',
    'catalog tombstone',
    'campaigns tombstone',
    'campaigns boost',
    'visitors ',
    'impressions ',
  ]) {
    assert.ok(seen.has(other), other);
  }
});

test('what is taken back was ordered before, by the same visitor, and only once', () => {
  const orders = new Map<string, Purchase>();
  let takenBack = 0;
  for (const { topic, value } of take(150_000)) {
    if (topic !== 'purchases') continue;
    const purchase = value as Purchase;
    if (purchase.status === 'placed') {
      orders.set(purchase.orderId, purchase);
      continue;
    }
    takenBack += 1;
    const order = orders.get(purchase.orderId);
    assert.ok(order !== undefined, 'taken back twice or never ordered');
    assert.equal(order.visitorId, purchase.visitorId);
    assert.ok(order.at < purchase.at);
    for (const line of purchase.lines) {
      assert.ok(order.lines.some((one) => one.itemId === line.itemId && one.quantity >= line.quantity));
    }
    orders.delete(purchase.orderId);
  }
  assert.ok(takenBack > 100, `${takenBack}`);
});

test('a visitor orders only what was put into the cart of that session', () => {
  const carts = new Map<string, Set<string>>();
  for (const { topic, value } of take(60_000)) {
    if (topic === 'clicks') {
      const click = value as Click;
      if (click.kind === 'addToCart') {
        const cart = carts.get(click.sessionId!) ?? new Set();
        carts.set(click.sessionId!, cart.add(click.itemId!));
      } else if (click.kind === 'removeFromCart') {
        assert.ok(carts.get(click.sessionId!)?.delete(click.itemId!), 'removed what was not in the cart');
      }
    } else if (topic === 'purchases' && (value as Purchase).status === 'placed') {
      const { sessionId, lines } = value as Purchase;
      for (const line of lines) assert.ok(carts.get(sessionId!)?.has(line.itemId));
    }
  }
});

test('tents are bought together with sleeping mats and bags far more often than with anything unrelated', () => {
  let together = 0;
  let withMugs = 0;
  for (const { topic, value } of take(200_000)) {
    if (topic !== 'purchases' || (value as Purchase).status !== 'placed') continue;
    const shelves = new Set((value as Purchase).lines.map(({ itemId }) => itemId.slice(0, -3)));
    if (!shelves.has('tents')) continue;
    if (shelves.has('sleeping-mats') || shelves.has('sleeping-bags')) together += 1;
    if (shelves.has('mugs')) withMugs += 1;
  }
  assert.ok(together > 100 && together > 5 * withMugs, `${together} against ${withMugs}`);
});

test('what has sold out comes back, and nothing is sold beyond the stock that was announced', () => {
  let soldOut = 0;
  let refilled = 0;
  const stock = new Map<string, number>();
  for (const { topic, key, value } of take(300_000)) {
    if (topic === 'catalog' && value !== null) {
      const now = (value as { stock: number }).stock;
      if (now === 0) soldOut += 1;
      if (stock.get(key) === 0 && now > 0) refilled += 1;
      stock.set(key, now);
    } else if (topic === 'purchases' && (value as Purchase).status === 'placed') {
      for (const { itemId } of (value as Purchase).lines) {
        assert.notEqual(stock.get(itemId), 0, `${itemId} was sold after it had sold out`);
      }
    }
  }
  assert.ok(soldOut > 10 && refilled > 10, `${soldOut} sold out, ${refilled} refilled`);
});

test('without a share of bad events there are none, with one there are about so many and the contracts refuse them', () => {
  const isBad = ({ topic, value, at }: SimulatedEvent): boolean => {
    if (value === null) return false;
    if (value.at > at) return true;
    try {
      fromJson(topic, value);
      return false;
    } catch (error) {
      assert.ok(error instanceof RefusedRecordError);
      return true;
    }
  };
  assert.equal(take(20_000).filter(isBad).length, 0);
  const bad = take(20_000, { badEventShare: 0.01 }).filter(isBad).length;
  assert.ok(bad > 140 && bad < 260, `${bad}`);
});

test('the mean rate over a whole day is the one that was asked for, and evenings are busier than nights', () => {
  const dayMs = 86_400_000;
  const shop = createShop({ seed: 1, startAtMs: Date.UTC(2026, 0, 5), eventsPerSecond: 1 });
  const byHour = new Array<number>(24).fill(0);
  for (const { at } of shop.events()) {
    const hour = Math.floor((at - Date.UTC(2026, 0, 5)) / 3_600_000);
    if (hour >= 24) break;
    byHour[hour]! += 1;
  }
  const total = byHour.reduce((sum, count) => sum + count, 0);
  assert.ok(Math.abs(total / (dayMs / 1_000) - 1) < 0.03, `${total}`);
  assert.ok(byHour[20]! > 5 * byHour[3]!);
});

test('options out of their range are refused', () => {
  const good = { seed: 1, startAtMs: START_MS, eventsPerSecond: 1 };
  assert.throws(() => createShop({ ...good, seed: 1.5 }), RangeError);
  assert.throws(() => createShop({ ...good, startAtMs: Number.NaN }), RangeError);
  assert.throws(() => createShop({ ...good, eventsPerSecond: 0 }), RangeError);
  assert.throws(() => createShop({ ...good, badEventShare: 2 }), RangeError);
});
