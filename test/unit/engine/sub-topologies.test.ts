// Which parts of a topology belong together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subTopologiesOf, TopologyBuilder } from '../../../engine/graph/index.ts';
import { createFileSchemaSource, createSerdes } from '../../../schemas/index.ts';
import { buildRecommendationTopology } from '../../../topology/index.ts';
import { json } from '../../support/engine.ts';

const nothing = () => ({ process() {} });

test('a repartition parts a topology, a shared topic joins it, a versioned sink does neither', () => {
  const { ofNode, ofSource, ofSink } = subTopologiesOf(
    new TopologyBuilder()
      .addSource('a', { topic: 'a', deserializer: json() })
      .addSource('b', { topic: 'b', deserializer: json() })
      .addSource('c', { topic: 'c', deserializer: json() })
      .addProcessor('of-a', nothing, { parents: ['a'] })
      .addProcessor('of-b', nothing, { parents: ['b'] })
      .addProcessor('of-c', nothing, { parents: ['c'] })
      .addSink('a-out', { topic: 'out', serializer: json(), parents: ['of-a'] })
      .addSink('b-out', { topic: 'out', serializer: json(), parents: ['of-b'] })
      .addRepartition('moved', { serializer: json(), deserializer: json(), parents: ['of-a'] })
      .addProcessor('behind', nothing, { parents: ['moved'] })
      .addVersionedSink('board', { sink: 'board', parents: ['of-a', 'of-c', 'behind'] })
      .build(),
  );
  const parts = ['a', 'c', 'moved'].map((topic) => ofSource.get(topic));
  assert.equal(new Set(parts).size, 3);
  assert.equal(ofSource.get('b'), ofSource.get('a'));
  for (const name of ['a', 'b', 'of-a', 'of-b', 'a-out', 'b-out', 'moved'])
    assert.equal(ofNode.get(name), parts[0], name);
  assert.equal(ofNode.get('behind'), parts[2]);
  assert.equal(ofNode.get('board'), undefined);
  assert.deepEqual([ofSink.get('out'), ofSink.get('moved')], [parts[0], parts[0]]);
});

test('no part of the recommender can be reached from itself: what one record leads to has an end', () => {
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    partitions: 1,
    cacheMaxBytes: 0,
  });
  const { ofSource, ofSink } = subTopologiesOf(topology);
  const next = new Map<number, Set<number>>();
  for (const [topic, writer] of ofSink) {
    const reader = ofSource.get(topic);
    if (reader !== undefined) next.set(writer, (next.get(writer) ?? new Set()).add(reader));
  }
  const assertEnds = (number: number, path: readonly number[]) => {
    assert.ok(!path.includes(number), `${[...path, number]}`);
    for (const follower of next.get(number) ?? []) assertEnds(follower, [...path, number]);
  };
  assert.ok(next.size > 0);
  for (const number of next.keys()) assertEnds(number, []);
});
