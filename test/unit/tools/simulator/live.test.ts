import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createShop, runLiveShop, type SimulatedEvent } from '../../../../tools/simulator/index.ts';
import { createHandClock } from '../support/hand-clock.ts';

const START_MS = Date.UTC(2026, 0, 5, 9);

function setUp(eventsPerSecond: number) {
  const clock = createHandClock(START_MS);
  const abort = new AbortController();
  const shop = createShop({ seed: 7, startAtMs: START_MS, eventsPerSecond });
  const batches: (readonly SimulatedEvent[])[] = [];
  const options = {
    shop,
    eventsPerSecond,
    clock,
    signal: abort.signal,
    append: async (events: readonly SimulatedEvent[]) => {
      batches.push(events);
    },
  };
  /** Aborts when the clock has come so far. */
  const stopAfter = (durationMs: number) => {
    clock.afterWait = () => {
      if (clock.nowMs() >= START_MS + durationMs) abort.abort();
    };
  };
  return { clock, abort, batches, options, stopAfter };
}

test('the catalog is sent first, then as many events as the rate says', async () => {
  const { batches, options, stopAfter } = setUp(333);
  stopAfter(60_000);
  await runLiveShop(options).done;
  assert.equal(batches[0]!.length, 600);
  const events = batches.slice(1).flat();
  // The last batch is not sent any more: it was due when the run was ended.
  assert.ok(Math.abs(events.length - 333 * 60) <= 7, `${events.length}`);
});

test('event time is the time of the clock, in order, within the batch', async () => {
  const { batches, options, stopAfter } = setUp(1_000);
  stopAfter(2_000);
  await runLiveShop(options).done;
  let lastAt = START_MS;
  for (const [index, batch] of batches.slice(1).entries()) {
    const batchEndMs = START_MS + 20 * (index + 1);
    for (const { at } of batch) {
      assert.ok(
        at >= lastAt && at <= batchEndMs && at >= batchEndMs - 20,
        `${at - START_MS} of ${batchEndMs - START_MS}`,
      );
      lastAt = at;
    }
  }
});

test('the rate can be changed while the shop runs', async () => {
  const { clock, abort, batches, options } = setUp(100);
  const live = runLiveShop(options);
  let slow = 0;
  clock.afterWait = () => {
    const elapsedMs = clock.nowMs() - START_MS;
    if (elapsedMs === 10_000) {
      slow = batches.slice(1).flat().length;
      live.setRate(1_000);
    }
    if (elapsedMs >= 20_000) abort.abort();
  };
  await live.done;
  const fast = batches.slice(1).flat().length - slow;
  assert.ok(Math.abs(slow - 1_000) <= 5, `${slow}`);
  assert.ok(Math.abs(fast - 10_000) <= 45, `${fast}`);
});

test('a rate of 0 pauses the shop, and a higher one wakes it without a burst', async () => {
  const { clock, abort, batches, options } = setUp(100);
  const live = runLiveShop(options);
  const counts: number[] = [];
  clock.afterWait = () => {
    const elapsedMs = clock.nowMs() - START_MS;
    if (elapsedMs % 10_000 !== 0) return;
    counts.push(batches.slice(1).flat().length);
    if (elapsedMs === 10_000) live.setRate(0);
    if (elapsedMs === 20_000) live.setRate(100);
    if (elapsedMs >= 30_000) abort.abort();
  };
  await live.done;
  const [before, paused, after] = counts;
  assert.equal(paused, before);
  assert.ok(Math.abs(after! - paused! - 1_000) <= 5, counts.join(', '));
});

test('an append that takes long slows the shop down and is not followed by a burst', async () => {
  const { clock, batches, options, stopAfter } = setUp(100);
  stopAfter(60_000);
  const { append } = options;
  let isSlow = true;
  options.append = async (events) => {
    await append(events);
    if (isSlow && clock.nowMs() > START_MS + 1_000) {
      clock.advance(30_000);
      isSlow = false;
    }
  };
  await runLiveShop(options).done;
  assert.equal(Math.max(...batches.slice(1).map((batch) => batch.length)), 100);
  assert.ok(Math.abs(batches.slice(1).flat().length - 3_100) <= 10, `${batches.slice(1).flat().length}`);
});

test('what append rejects with ends the run', async () => {
  const { options } = setUp(100);
  options.append = async () => {
    throw new Error('the log is full');
  };
  await assert.rejects(runLiveShop(options).done, /the log is full/);
});
