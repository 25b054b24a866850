import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EngineError, type Processor } from '../../../engine/api/index.ts';
import { describe, describeAsMermaid, describeAsText, TopologyBuilder, topicsOf } from '../../../engine/graph/index.ts';
import { json, jsonStore } from '../../support/engine.ts';

const idle = (): Processor => ({ process() {} });
const serde = json<unknown>();

function meters(): TopologyBuilder {
  return new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: serde })
    .addStore(jsonStore('highest'))
    .addProcessor('by-district', idle, { parents: ['readings'] })
    .addRepartition('district-readings', { serializer: serde, deserializer: serde, parents: ['by-district'] })
    .addGlobalStore({ topic: 'limits', deserializer: serde, supplier: jsonStore<unknown>('limits') })
    .addProcessor('alarm', idle, { parents: ['district-readings'], stores: ['highest'], globalStores: ['limits'] })
    .addSink('alarms', { topic: 'alarms', serializer: serde, parents: ['alarm'] })
    .addVersionedSink('board', { sink: 'board', parents: ['alarm'] });
}

test('a topology has its parents before their children and knows every child', () => {
  const { nodes } = meters().build();
  const seen = new Set<string>();
  for (const node of nodes) {
    if (node.kind !== 'source')
      for (const parent of node.parents) assert.ok(seen.has(parent), `${parent} before ${node.name}`);
    seen.add(node.name);
  }
  assert.deepEqual(nodes.find((node) => node.name === 'alarm')?.children, ['alarms', 'board']);
  assert.deepEqual(nodes.find((node) => node.name === 'district-readings-source')?.children, ['alarm']);
});

test('topics: written ones that are read are internal, those of global stores compacted, and there is one for dead letters', () => {
  const byName = Object.fromEntries(topicsOf(meters().build(), 3).map((topic) => [topic.name, topic]));
  assert.deepEqual(Object.keys(byName), ['alarms', 'dead-letters', 'district-readings', 'limits', 'readings']);
  assert.equal(byName.alarms?.internal, false, 'somebody else reads it');
  assert.deepEqual(byName.limits, {
    name: 'limits',
    partitions: 3,
    compacted: true,
    internal: false,
    anyPartitionCount: true,
  });
  assert.deepEqual(byName['district-readings'], {
    name: 'district-readings',
    partitions: 3,
    compacted: false,
    internal: true,
    written: true,
  });
  assert.equal(byName.alarms?.written, true);
  assert.equal(byName.readings?.written, undefined);
});

test('validation reports every mistake of a topology at once, each with its name', () => {
  const broken = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: serde })
    .addSource('again', { topic: 'readings', deserializer: serde })
    .addProcessor('Alarm', idle, { parents: ['nowhere'], stores: ['missing'], globalStores: ['gone'] })
    .addProcessor('lonely', idle, { parents: [] })
    .addProcessor('twice', idle, { parents: ['readings'] })
    .addProcessor('twice', idle, { parents: ['readings'] })
    .addStore(jsonStore('unused'))
    .addSink('loop', { topic: 'readings', serializer: serde, parents: ['twice'] })
    .addSink('letters', { topic: 'dead-letters', serializer: serde, parents: ['twice'] })
    .addSink('below', { topic: 'below', serializer: serde, parents: ['loop'] });
  assert.throws(
    () => broken.build(),
    (error: unknown) => {
      assert.ok(error instanceof EngineError);
      assert.equal(error.code, 'TOPOLOGY_INVALID');
      for (const part of [
        '"Alarm": names are kebab-case',
        'node "twice" is declared more than once',
        '"nowhere" does not exist',
        'node "lonely" has no parents',
        'store "missing" does not exist',
        'global store "gone" does not exist',
        'store "unused" is used by no processor',
        'topic "readings" has more than one source',
        'sink "loop" writes topic "readings"',
        '"dead-letters" belongs to the engine',
        'its parent "loop" is a sink',
      ])
        assert.ok(error.message.includes(part), `${part}\nis missing in\n${error.message}`);
      return true;
    },
  );
});

test('validation finds a cycle and says how to break it', () => {
  const cyclic = new TopologyBuilder()
    .addSource('readings', { topic: 'readings', deserializer: serde })
    .addProcessor('one', idle, { parents: ['readings', 'two'] })
    .addProcessor('two', idle, { parents: ['one'] });
  assert.throws(() => cyclic.build(), /nodes "one", "two" form a cycle: use a repartition/);
});

test('a topology without a source is refused', () => {
  assert.throws(() => new TopologyBuilder().build(), /needs a source/);
});

test('the text and the drawing name every node, store and topic', () => {
  const topology = meters().build();
  assert.equal(
    describeAsText(topology),
    [
      'Topology',
      '  source readings  reads readings',
      '    --> by-district',
      '  source district-readings-source  reads district-readings',
      '    --> alarm',
      '  processor by-district',
      '    --> district-readings',
      '  processor alarm  stores highest  reads global limits',
      '    --> alarms, board',
      '  sink district-readings  writes district-readings',
      '  sink alarms  writes alarms',
      '  versioned sink board  publishes to board',
      'Global stores',
      '  global store limits  from limits',
    ].join('\n'),
  );
  const drawing = describeAsMermaid(topology);
  for (const { name } of describe(topology).nodes) assert.ok(drawing.includes(`"${name}"`), name);
  assert.ok(drawing.startsWith('flowchart LR\n'));
});
