import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TopologyNode } from '../../../../app/console/engine-view.ts';

interface Graph {
  readonly nodes: readonly TopologyNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}
interface Drawing {
  readonly boxes: ReadonlyMap<string, { readonly x: number; readonly y: number; readonly width: number }>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly isBack: boolean }[];
}

// The page's modules are plain JavaScript without types.
const file = new URL('../../../../app/console/public/topology.js', import.meta.url).href;
const { layout, simplify } = (await import(file)) as {
  layout(graph: Graph, width: number): Drawing;
  simplify(graph: Graph): Graph;
};

const edge = (text: string): { from: string; to: string } => {
  const [from, to] = text.split('>');
  return { from: from!, to: to! };
};

const GRAPH: Graph = {
  nodes: [
    { name: 'clicks (topic)', kind: 'topic' },
    { name: 'clicks', kind: 'source' },
    { name: 'users', kind: 'processor' },
    { name: 'profiles', kind: 'store' },
    { name: 'pairs (sink)', kind: 'sink' },
    { name: 'pairs', kind: 'topic' },
    { name: 'pairs-source', kind: 'source' },
    { name: 'items', kind: 'processor' },
    { name: 'lists', kind: 'sink' },
    { name: 'lists (topic)', kind: 'topic' },
    { name: 'known', kind: 'global-store' },
  ],
  edges: [
    'clicks (topic)>clicks',
    'clicks>users',
    'users>profiles',
    'profiles>users',
    'users>pairs (sink)',
    'pairs (sink)>pairs',
    'pairs>pairs-source',
    'pairs-source>items',
    'items>lists',
    'lists>lists (topic)',
    'items>known',
    'known>users',
  ].map(edge),
};

test('no two nodes of a drawing overlap, and none leaves it', () => {
  for (const width of [280, 400, 1200]) {
    const boxes = [...layout(GRAPH, width).boxes.values()];
    assert.equal(boxes.length, GRAPH.nodes.length);
    for (const a of boxes) {
      assert.ok(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= width);
      for (const b of boxes) {
        if (a !== b && a.y === b.y) assert.ok(Math.abs(a.x - b.x) >= (a.width + b.width) / 2);
      }
    }
  }
});

test('every edge that is not drawn as a way back leads down', () => {
  const { boxes, edges } = layout(GRAPH, 400);
  assert.ok(edges.some(({ isBack }) => isBack));
  for (const { from, to, isBack } of edges)
    if (!isBack) assert.ok(boxes.get(from)!.y < boxes.get(to)!.y, `${from} ${to}`);
});

test('an edge to a node that is not there is left out', () => {
  const edges = [...GRAPH.edges, edge('users>nowhere')];
  assert.equal(layout({ ...GRAPH, edges }, 400).edges.length, GRAPH.edges.length);
});

test('sources and sinks merge with their topic, and a sink that nobody reads stays', () => {
  const { nodes, edges } = simplify(GRAPH);
  assert.deepEqual(
    nodes.map(({ name }) => name),
    ['clicks (topic)', 'users', 'profiles', 'pairs', 'items', 'lists', 'known'],
  );
  assert.deepEqual(
    edges.map(({ from, to }) => `${from}>${to}`),
    [
      'clicks (topic)>users',
      'users>profiles',
      'profiles>users',
      'users>pairs',
      'pairs>items',
      'items>lists',
      'items>known',
      'known>users',
    ],
  );
});
