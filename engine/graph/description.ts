// A topology as a list of nodes and edges, as text for a terminal and as a Mermaid drawing. The same topology always
// gives the same text, so a change of the graph shows in a diff.

import type { Topology } from './topology.ts';

export type DescribedKind = 'topic' | 'source' | 'processor' | 'store' | 'global-store' | 'sink' | 'versioned-sink';

export interface TopologyDescription {
  /** Names are unique: a topic is `topic:<name>`, a store `store:<name>`, a node its own name. */
  readonly nodes: readonly { readonly id: string; readonly name: string; readonly kind: DescribedKind }[];
  /** In the direction of the data. A store's edge points at the processor that owns it. */
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** The graph with topics and stores as nodes of their own. */
export function describe(topology: Topology): TopologyDescription {
  const nodes = new Map<string, { id: string; name: string; kind: DescribedKind }>();
  const edges: { from: string; to: string }[] = [];
  const add = (id: string, name: string, kind: DescribedKind) => {
    nodes.set(id, { id, name, kind });
    return id;
  };
  for (const store of topology.globalStores) {
    add(`topic:${store.topic}`, store.topic, 'topic');
    edges.push({ from: `topic:${store.topic}`, to: add(`store:${store.name}`, store.name, 'global-store') });
  }
  for (const { supplier } of topology.stores) add(`store:${supplier.name}`, supplier.name, 'store');
  for (const node of topology.nodes) {
    add(node.name, node.name, node.kind);
    if (node.kind === 'source') edges.push({ from: add(`topic:${node.topic}`, node.topic, 'topic'), to: node.name });
    else for (const parent of node.parents) edges.push({ from: parent, to: node.name });
    if (node.kind === 'sink') edges.push({ from: node.name, to: add(`topic:${node.topic}`, node.topic, 'topic') });
    if (node.kind === 'versioned-sink')
      edges.push({ from: node.name, to: add(`sink:${node.sink}`, node.sink, 'topic') });
    if (node.kind === 'processor')
      for (const store of [...node.stores, ...node.globalStores]) edges.push({ from: `store:${store}`, to: node.name });
  }
  return { nodes: [...nodes.values()], edges };
}

/** Indented text, one node a line, for a terminal. */
export function describeAsText(topology: Topology): string {
  const lines: string[] = [];
  for (const node of topology.nodes) {
    const to = node.children.length > 0 ? `\n    --> ${node.children.join(', ')}` : '';
    if (node.kind === 'source') lines.push(`  source ${node.name}  reads ${node.topic}${to}`);
    else if (node.kind === 'sink') lines.push(`  sink ${node.name}  writes ${node.topic}`);
    else if (node.kind === 'versioned-sink') lines.push(`  versioned sink ${node.name}  publishes to ${node.sink}`);
    else {
      const stores = node.stores.length > 0 ? `  stores ${node.stores.join(', ')}` : '';
      const globals = node.globalStores.length > 0 ? `  reads global ${node.globalStores.join(', ')}` : '';
      lines.push(`  processor ${node.name}${stores}${globals}${to}`);
    }
  }
  const globals = topology.globalStores.map((store) => `  global store ${store.name}  from ${store.topic}`);
  return ['Topology', ...lines, ...(globals.length > 0 ? ['Global stores', ...globals] : [])].join('\n');
}

const SHAPES: Record<DescribedKind, readonly [string, string]> = {
  topic: ['[/', '/]'],
  source: ['([', '])'],
  processor: ['[', ']'],
  store: ['[(', ')]'],
  'global-store': ['[(', ')]'],
  sink: ['([', '])'],
  'versioned-sink': ['([', '])'],
};

/** A Mermaid flowchart, left to right. */
export function describeAsMermaid(topology: Topology): string {
  const { nodes, edges } = describe(topology);
  const ids = new Map(nodes.map((node, index) => [node.id, `n${index}`]));
  return [
    'flowchart LR',
    ...nodes.map((node) => `  ${ids.get(node.id)}${SHAPES[node.kind][0]}"${node.name}"${SHAPES[node.kind][1]}`),
    ...edges.map(({ from, to }) => `  ${ids.get(from)} ${from.startsWith('store:') ? '-.-' : '-->'} ${ids.get(to)}`),
  ].join('\n');
}
