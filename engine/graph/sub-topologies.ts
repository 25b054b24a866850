// Parts of a topology that only topics connect: what goes in at a source of one comes out at its sinks and nowhere else. The term is that of
// Kafka Streams. Versioned sinks are left out: they are the end of every path, so they connect nothing.

import type { Topology } from './topology.ts';

/** Which sub-topology a part of a topology belongs to, by number from 0. */
export interface SubTopologies {
  /** By name of source, processor or sink. */
  readonly ofNode: ReadonlyMap<string, number>;
  /** By the topic that a source reads. */
  readonly ofSource: ReadonlyMap<string, number>;
  /** By the topic that a sink writes. */
  readonly ofSink: ReadonlyMap<string, number>;
}

/** Sinks that write one topic are in one sub-topology. */
export function subTopologiesOf({ nodes }: Topology): SubTopologies {
  const numbers = new Map<string, number>();
  const connect = (one: string, other: string) => {
    const [kept, replaced] = [numbers.get(one)!, numbers.get(other)!];
    for (const [name, number] of numbers) if (number === replaced) numbers.set(name, kept);
  };
  const connecting = nodes.filter(({ kind }) => kind !== 'versioned-sink');
  for (const [index, { name }] of connecting.entries()) numbers.set(name, index);
  const writers = new Map<string, string>();
  for (const node of connecting) {
    for (const child of node.children) if (numbers.has(child)) connect(node.name, child);
    if (node.kind !== 'sink') continue;
    const writer = writers.get(node.topic);
    if (writer === undefined) writers.set(node.topic, node.name);
    else connect(writer, node.name);
  }
  const ofTopics = (kind: 'source' | 'sink') =>
    new Map(connecting.flatMap((node) => (node.kind === kind ? [[node.topic, numbers.get(node.name)!]] : [])));
  return { ofNode: numbers, ofSource: ofTopics('source'), ofSink: ofTopics('sink') };
}
