// Checks a declared topology as a whole and puts its nodes in order. Every rule adds its own sentence to one list.

import { EngineError, type StoreSupplier } from '../api/index.ts';
import { DEAD_LETTER_TOPIC, type GlobalStoreSpec, type Topology, type TopologyNode } from './topology.ts';

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;

const parentsOf = (node: TopologyNode): readonly string[] => (node.kind === 'source' ? [] : node.parents);

function duplicates(names: readonly string[]): string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function nameMistakes(nodes: readonly TopologyNode[], stores: readonly string[]): string[] {
  const names = nodes.map((node) => node.name);
  return [
    ...[...names, ...stores].filter((name) => !NAME.test(name)).map((name) => `"${name}": names are kebab-case`),
    ...duplicates(names).map((name) => `node "${name}" is declared more than once`),
    ...duplicates([...stores]).map((name) => `store "${name}" is declared more than once`),
  ];
}

function parentMistakes(nodes: readonly TopologyNode[]): string[] {
  const kinds = new Map(nodes.map((node) => [node.name, node.kind]));
  const mistakes: string[] = [];
  for (const node of nodes) {
    if (node.kind === 'source') continue;
    if (node.parents.length === 0) mistakes.push(`node "${node.name}" has no parents`);
    for (const parent of node.parents) {
      const kind = kinds.get(parent);
      if (kind === undefined) mistakes.push(`node "${node.name}": its parent "${parent}" does not exist`);
      else if (kind === 'sink' || kind === 'versioned-sink')
        mistakes.push(`node "${node.name}": its parent "${parent}" is a sink, and sinks have no children`);
    }
  }
  return mistakes;
}

function storeMistakes(
  nodes: readonly TopologyNode[],
  stores: readonly string[],
  globals: readonly GlobalStoreSpec[],
): string[] {
  const mistakes: string[] = [];
  const used = new Set<string>();
  const globalNames = new Set(globals.map((store) => store.name));
  for (const node of nodes) {
    if (node.kind !== 'processor') continue;
    for (const store of node.stores) {
      used.add(store);
      if (!stores.includes(store)) mistakes.push(`processor "${node.name}": store "${store}" does not exist`);
    }
    for (const store of node.globalStores)
      if (!globalNames.has(store)) mistakes.push(`processor "${node.name}": global store "${store}" does not exist`);
  }
  for (const store of stores) if (!used.has(store)) mistakes.push(`store "${store}" is used by no processor`);
  return mistakes;
}

function topicMistakes(nodes: readonly TopologyNode[]): string[] {
  const sources = nodes.filter((node) => node.kind === 'source');
  const mistakes = duplicates(sources.map((node) => node.topic)).map(
    (topic) => `topic "${topic}" has more than one source: give the one source several children`,
  );
  for (const node of nodes) {
    if (node.kind !== 'sink' && node.kind !== 'source') continue;
    if (node.topic === DEAD_LETTER_TOPIC)
      mistakes.push(`node "${node.name}": topic "${DEAD_LETTER_TOPIC}" belongs to the engine`);
    const source = sources.find((other) => other.topic === node.topic);
    if (node.kind === 'sink' && source !== undefined && !source.internal)
      mistakes.push(
        `sink "${node.name}" writes topic "${node.topic}", which source "${source.name}" reads: use a repartition`,
      );
  }
  return mistakes;
}

/** Parents before children, declared order among equals; what is left over lies on a cycle. */
function inOrder(nodes: readonly TopologyNode[]): { ordered: TopologyNode[]; cyclic: TopologyNode[] } {
  const ordered: TopologyNode[] = [];
  const done = new Set<string>();
  let rest = [...nodes];
  for (;;) {
    const ready = rest.filter((node) => parentsOf(node).every((parent) => done.has(parent)));
    if (ready.length === 0) return { ordered, cyclic: rest };
    for (const node of ready) {
      ordered.push(node);
      done.add(node.name);
    }
    rest = rest.filter((node) => !done.has(node.name));
  }
}

/**
 * The topology of these declarations.
 * @throws {EngineError} `TOPOLOGY_INVALID` with all mistakes, one a line.
 */
export function validated(
  declared: readonly TopologyNode[],
  stores: readonly StoreSupplier[],
  globalStores: readonly GlobalStoreSpec[],
): Topology {
  const names = stores.map((store) => store.name);
  const parents = parentMistakes(declared);
  const mistakes = [
    ...nameMistakes(declared, [...names, ...globalStores.map((store) => store.name)]),
    ...parents,
    ...storeMistakes(declared, names, globalStores),
    ...topicMistakes(declared),
  ];
  if (declared.every((node) => node.kind !== 'source')) mistakes.push('a topology needs a source');
  const { ordered, cyclic } = inOrder(declared);
  if (parents.length === 0 && cyclic.length > 0)
    mistakes.push(`nodes ${cyclic.map((node) => `"${node.name}"`).join(', ')} form a cycle: use a repartition`);
  if (mistakes.length > 0)
    throw new EngineError(
      'TOPOLOGY_INVALID',
      `the topology has ${mistakes.length} mistakes:\n- ${mistakes.join('\n- ')}`,
    );

  const children = new Map<string, string[]>();
  for (const node of ordered)
    for (const parent of parentsOf(node)) children.set(parent, [...(children.get(parent) ?? []), node.name]);
  return {
    nodes: ordered.map((node) => ({ ...node, children: children.get(node.name) ?? [] })),
    stores: stores.map((supplier) => ({
      supplier,
      processors: ordered.filter((n) => n.kind === 'processor' && n.stores.includes(supplier.name)).map((n) => n.name),
    })),
    globalStores,
  };
}
