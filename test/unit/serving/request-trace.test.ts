// The trace of a request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listKey, topListSerde } from '../../../lists/index.ts';
import { NOW, startContractShop } from '../../support/contract-shop.ts';
import { listItem } from '../../support/memory-lists.ts';
import { RecordingTracer, sampled } from '../../support/recording-tracer.ts';
import { waitFor } from '../../support/wait-for.ts';

const ask = (url: string, traceparent?: string) =>
  fetch(`${url}/v1/visitors/v1/recommendations`, { headers: traceparent === undefined ? {} : { traceparent } });

const tracedList = topListSerde.serialize({
  definition: 'for-you',
  owner: 'v1',
  variant: 'default',
  algorithm: 'test-1',
  asOf: { at: NOW, topic: 'clicks', partition: 0, offset: 0, eventIds: [] },
  items: [listItem('i1', 1)],
  traceparent: sampled(42),
});

test('a request’s span continues the caller’s, is named in the answer and says no id', async (t) => {
  const tracer = new RecordingTracer();
  const { url } = await startContractShop(t, tracer);
  const response = await ask(url, sampled(7));
  await response.text();
  await waitFor('the end of the span', () => tracer.named('serve')[0]?.ends === 1);
  const [span] = tracer.named('serve');
  assert.equal(response.headers.get('traceparent'), span!.traceparent);
  assert.equal(span!.options.parent, sampled(7));
  assert.equal(span!.options.kind, 'server');
  assert.deepEqual(span!.attributes, {
    'http.request.method': 'GET',
    'http.route': '/v1/visitors/{id}/recommendations',
    'http.response.status_code': 200,
  });
});

test('an answer is linked to the trace under which its list was made', async (t) => {
  const tracer = new RecordingTracer();
  const { url, lists } = await startContractShop(t, tracer);
  await lists.store.publish([{ key: listKey('visitor', 'for-you', 'default', 'v1'), value: tracedList, version: 999 }]);
  await (await ask(url, sampled(7))).text();
  const [answer] = tracer.named('answer');
  assert.deepEqual(answer!.options.links, [sampled(42)]);
  assert.equal(answer!.options.parent, tracer.named('serve')[0]);
});

test('the trace of a list ends with the first answer that has it, traced or not', async (t) => {
  const tracer = new RecordingTracer();
  const { url, lists } = await startContractShop(t, tracer);
  await lists.store.publish([{ key: listKey('visitor', 'for-you', 'default', 'v1'), value: tracedList, version: 999 }]);
  for (const traceparent of [undefined, sampled(7), undefined]) await (await ask(url, traceparent)).text();
  const first = tracer.named('first answer');
  assert.equal(first.length, 1);
  assert.equal(first[0]!.options.parent, sampled(42));
  assert.equal(first[0]!.options.links, undefined);
  assert.equal(first[0]!.ends, 1);
  assert.deepEqual(first[0]!.attributes, { 'http.route': '/v1/visitors/{id}/recommendations' });
});

test('where a sampler is set, a request that is in no trace may begin one', async (t) => {
  const tracer = new RecordingTracer({ startsTraces: true });
  const { url } = await startContractShop(t, tracer);
  const response = await ask(url);
  await response.text();
  const [span] = tracer.named('serve');
  assert.equal(span!.options.parent, undefined);
  assert.equal(response.headers.get('traceparent'), span!.traceparent);
  assert.equal((await ask(url, sampled(7, 0))).headers.get('traceparent'), sampled(7, 0));
  assert.equal(tracer.named('serve').length, 1, 'what the caller does not sample is not traced');
});

test('a request that its caller does not sample has no span', async (t) => {
  const tracer = new RecordingTracer();
  const { url } = await startContractShop(t, tracer);
  assert.equal((await ask(url, sampled(7, 0))).headers.get('traceparent'), sampled(7, 0));
  assert.equal((await ask(url)).headers.get('traceparent'), null);
  assert.deepEqual(tracer.spans, []);
});

test('without tracing the caller’s trace goes on as it came, and what is no traceparent does not', async (t) => {
  const { url } = await startContractShop(t);
  assert.equal((await ask(url, sampled(7))).headers.get('traceparent'), sampled(7));
  assert.equal((await ask(url, '00-xyz')).headers.get('traceparent'), null);
});
