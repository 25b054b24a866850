// The stream of a visitor's recommendations.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listKey } from '../../../lists/index.ts';
import { type Answer, createServingClient, ServingError } from '../../../serving/index.ts';
import { NOW, startContractShop } from '../../support/contract-shop.ts';
import type { MemoryLists } from '../../support/memory-lists.ts';

const LIST = listKey('visitor', 'for-you', 'default', 'v1');

/** The answers of a stream, one at a time. */
function watch(t: TestContext, url: string, visitor = 'v1', query = {}) {
  const ending = new AbortController();
  t.after(() => ending.abort());
  const answers = createServingClient(url).watchRecommendations(visitor, query, ending.signal)[Symbol.asyncIterator]();
  return {
    next: async (): Promise<Answer | undefined> => (await answers.next()).value,
    end: () => ending.abort(),
  };
}

/** Keeps back what is read from now on, until it is released; `reached` when the visitor's list has been read. */
function holdReads({ store }: MemoryLists) {
  const reached = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { getMany } = store;
  store.getMany = async (keys) => {
    const found = await getMany(keys);
    if (keys.includes(LIST)) reached.resolve();
    await released.promise;
    return found;
  };
  return { reached: reached.promise, release: () => released.resolve() };
}

const idsOf = (answer: Answer | undefined) => answer?.items.map(({ id }) => id);

test('a stream sends the answer at once and again when the list changes, with what else has changed by then', async (t) => {
  const { url, lists } = await startContractShop(t);
  const stream = watch(t, url, 'v1', { n: 2 });
  assert.equal((await stream.next())?.items.length, 2);
  await lists.list(LIST, ['i1', 'i2', 'i3'], { at: NOW });
  assert.deepEqual(idsOf(await stream.next()), ['i1', 'i2']);
  await lists.blockItem('i1', 'sold-out');
  await lists.list(LIST, ['i1', 'i2', 'i4'], { at: NOW });
  assert.deepEqual(idsOf(await stream.next()), ['i2', 'i4']);
});

test('a change that leaves the answer as it is, or is of somebody else, is not sent', async (t) => {
  const { url, lists } = await startContractShop(t);
  const stream = watch(t, url, 'v1', { n: 1 });
  await lists.list(LIST, ['i1'], { at: NOW }, 900);
  await stream.next();
  // The same bytes, published again; another visitor's list; and then a change.
  await lists.list(LIST, ['i1'], { at: NOW }, 900);
  await lists.list(listKey('visitor', 'for-you', 'default', 'v2'), ['i9'], { at: NOW }, 901);
  const other = watch(t, url, 'v2', { n: 1 });
  assert.deepEqual(idsOf(await other.next()), ['i9']);
  await lists.list(LIST, ['i2'], { at: NOW }, 902);
  let answer = await stream.next();
  // Where the first answer was older than the first list.
  if (idsOf(answer)![0] === 'i1') answer = await stream.next();
  assert.deepEqual(idsOf(answer), ['i2']);
});

test('who names the last event gets it again only when it has changed', async (t) => {
  const { url, lists } = await startContractShop(t);
  const path = `${url}/v1/visitors/v1/recommendations/stream?n=1`;
  const read = async (lastEventId?: string) => {
    const response = await fetch(path, lastEventId === undefined ? {} : { headers: { 'last-event-id': lastEventId } });
    assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
    let text = '';
    const decoder = new TextDecoder();
    for await (const part of response.body!) {
      text += decoder.decode(part);
      const id = /^id: (.+)$/m.exec(text)?.[1];
      if (id !== undefined && text.includes('data: ')) {
        return { id, items: /^data: (.+)$/m.exec(text)![1]! };
      }
    }
    throw new Error('the stream ended');
  };
  const { id } = await read();
  const again = read(id);
  await lists.list(LIST, ['i8'], { at: NOW });
  assert.match((await again).items, /"id":"i8"/);
});

test('a stream refuses what the list refuses, before it begins', async (t) => {
  const { url } = await startContractShop(t);
  for (const [query, status] of [
    ['n=0', 400],
    ['strict=true', 400],
    ['placement=closed', 404],
  ] as const) {
    const response = await fetch(`${url}/v1/visitors/v1/recommendations/stream?${query}`);
    assert.equal(response.status, status, query);
    await response.body?.cancel();
  }
});

test('draining ends every stream and takes no new one', async (t) => {
  const { url, drain } = await startContractShop(t);
  const stream = watch(t, url);
  await stream.next();
  drain();
  assert.equal(await stream.next(), undefined);
  await assert.rejects(watch(t, url).next(), (error: unknown) => {
    assert.ok(error instanceof ServingError);
    assert.deepEqual([error.problem.status, error.problem.type], [503, '/problems/too-many']);
    return true;
  });
});

test('a heartbeat leaves out a stream whose first answer is still being read', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { url, lists } = await startContractShop(t);
  const reads = holdReads(lists);
  const opened = fetch(`${url}/v1/visitors/v1/recommendations/stream?n=1`);
  await reads.reached;
  t.mock.timers.tick(15_000);
  reads.release();
  const response = await opened;
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('data: ')) {
    const { value, done } = await reader.read();
    assert.ok(!done, 'the stream ended');
    text += value;
  }
  assert.match(text, /^retry: /);
  await reader.cancel();
});

test('a stream that is ended while its first answer is still being read is a stream, so that browsers connect again', async (t) => {
  const { url, lists, drain } = await startContractShop(t);
  const reads = holdReads(lists);
  const opened = fetch(`${url}/v1/visitors/v1/recommendations/stream`);
  await reads.reached;
  drain();
  reads.release();
  const response = await opened;
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  assert.match(await response.text(), /^retry: \d+\n\n$/);
});

test('a list that changes while the first answer is still being read is sent after it', async (t) => {
  const { url, lists } = await startContractShop(t);
  const watching = watch(t, url, 'v2');
  await watching.next();
  await lists.list(LIST, ['i1'], { at: NOW });
  const reads = holdReads(lists);
  const stream = watch(t, url, 'v1', { n: 1 });
  const first = stream.next();
  await reads.reached;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  await lists.list(LIST, ['i2'], { at: NOW });
  t.mock.timers.tick(1_000);
  t.mock.timers.reset();
  reads.release();
  assert.deepEqual(idsOf(await first), ['i1']);
  assert.deepEqual(idsOf(await stream.next()), ['i2']);
});

test('a stream begins while the watch is held up, and is told then what it has missed', async (t) => {
  const { url, lists } = await startContractShop(t);
  const { watch: inner } = lists.store;
  const held = Promise.withResolvers<void>();
  lists.store.watch = async (...parameters) => {
    await held.promise;
    return inner(...parameters);
  };
  const stream = watch(t, url, 'v1', { n: 1 });
  const [before] = idsOf(await stream.next())!;
  const after = before === 'i1' ? 'i2' : 'i1';
  await lists.list(LIST, [after], { at: NOW });
  held.resolve();
  assert.deepEqual(idsOf(await stream.next()), [after]);
});

test('the list store is watched for the visitors who stream, as long as one does', async (t) => {
  const { url, lists } = await startContractShop(t);
  const watched: (ReadonlySet<string> | undefined)[] = [];
  let ended = 0;
  const { watch: inner } = lists.store;
  lists.store.watch = async (prefix, listener, only) => {
    watched.push(only);
    const unwatch = await inner(prefix, listener, only);
    return () => {
      ended++;
      unwatch();
    };
  };
  const [first, second] = [watch(t, url), watch(t, url, 'v2')];
  await first.next();
  await second.next();
  assert.equal(watched.length, 1);
  assert.deepEqual([...watched[0]!].sort(), [LIST, LIST.replace('v1', 'v2')]);
  first.end();
  second.end();
  while (ended === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(watched[0]!.size, 0);
});
