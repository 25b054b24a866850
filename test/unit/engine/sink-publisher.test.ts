// Which keys a position names while lists are on their way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { type SinkEntry, silentLogger, silentMetrics, type VersionedSink } from '../../../engine/api/index.ts';
import { SinkPublisher } from '../../../engine/runtime/sink-publisher.ts';

const NODE = 'board';

/** A publisher whose calls to the sink end when the test says so. */
function publisherOf() {
  const calls: { readonly keys: readonly string[]; readonly end: () => void }[] = [];
  const sink: VersionedSink = {
    publish: (entries) =>
      new Promise<void>((resolve) => {
        calls.push({ keys: entries.map(({ key }) => key), end: resolve });
      }),
  };
  const over: number[] = [];
  const publisher = new SinkPublisher({
    sinks: new Map([[NODE, sink]]),
    maxWaiting: 600,
    metrics: silentMetrics,
    logger: silentLogger,
    published: (commitNumber) => over.push(commitNumber),
  });
  const add = (version: number, keys: readonly string[]) =>
    publisher.add(version, new Map([[NODE, keys.map((key): SinkEntry => ({ key, value: null, version }))]]));
  /** Ends the call under way, and waits for the next where there is one. */
  const endCall = async () => {
    const calledBefore = calls.length;
    calls.at(-1)!.end();
    await publisher.until(({ waiting }) => waiting === 0 || calls.length > calledBefore);
    await Promise.resolve();
  };
  return { publisher, calls, over, add, endCall };
}

const keysOf = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `key ${from + i}`);

test('a commit’s keys stay named together until all of them are published', async () => {
  const { publisher, calls, over, add, endCall } = publisherOf();
  add(1, keysOf(0, 600));
  assert.equal(calls[0]!.keys.length, 500);
  const halfway = publisher.until(({ waiting }) => waiting === 100);
  calls[0]!.end();
  await halfway;
  assert.deepEqual(new Set(publisher.unpublished()[NODE]), new Set(keysOf(0, 600)));
  assert.equal(publisher.hasRoom, false, 'all of them are named');
  assert.deepEqual(over, [0]);
  await endCall();
  assert.deepEqual(publisher.unpublished(), {});
  assert.equal(publisher.hasRoom, true);
  assert.deepEqual(over, [0, 1]);
  publisher.close();
});

test('a key that waits for its newer value is named with that of the newer commit', async () => {
  const { publisher, calls, add } = publisherOf();
  add(1, ['visitor']);
  add(2, ['visitor', ...keysOf(0, 500), 'session']);
  // The value of commit 1 is on its way; then come 500, of commit 2.
  let rest = publisher.until(({ waiting }) => waiting === 502 && calls.length === 1);
  calls[0]!.end();
  await rest;
  while (calls.length < 2) await setImmediate();
  rest = publisher.until(({ waiting }) => waiting < 502);
  calls[1]!.end();
  await rest;
  const named = publisher.unpublished()[NODE]!;
  assert.equal(new Set(named).size, 502);
  assert.ok(named.includes('visitor') && named.includes('session'));
  while (calls.length < 3) await setImmediate();
  const all = publisher.until(({ waiting }) => waiting === 0);
  calls[2]!.end();
  await all;
  assert.deepEqual(publisher.unpublished(), {});
  publisher.close();
});

test('what is added to a commit that was over, as a repair does, is not named for good', async () => {
  const { publisher, over, add, endCall } = publisherOf();
  for (let from = 0; from < 3_000; from += 300) {
    add(1, keysOf(from, from + 300));
    assert.equal(Object.values(publisher.unpublished()).flat().length, 300);
    await endCall();
    assert.deepEqual(publisher.unpublished(), {});
    assert.equal(publisher.hasRoom, true);
  }
  assert.deepEqual(new Set(over), new Set([1]));
  publisher.close();
});

test('a commit is not over while the newer value of a key waits behind keys of later commits', async () => {
  const { publisher, calls, over, add, endCall } = publisherOf();
  add(1, ['visitor']);
  add(2, ['visitor']);
  add(3, ['session']);
  calls[0]!.end();
  // All that follows up to the next call are promises that are resolved.
  await setImmediate();
  assert.deepEqual(calls[1]!.keys, ['session', 'visitor']);
  assert.deepEqual(over, [1]);
  await endCall();
  assert.deepEqual(over, [1, 3]);
  publisher.close();
});
