// The sinks that a topology publishes to.

import type { VersionedSink } from '../api/index.ts';
import type { Topology } from '../graph/topology.ts';

/** The sink of each versioned-sink node. @throws {RangeError} for a node whose sink is not there. */
export function nodeSinksOf(
  { nodes }: Topology,
  sinks: { readonly [name: string]: VersionedSink },
): ReadonlyMap<string, VersionedSink> {
  const sinkOf = new Map<string, VersionedSink>();
  for (const node of nodes) {
    if (node.kind !== 'versioned-sink') continue;
    const sink = sinks[node.sink];
    if (sink === undefined)
      throw new RangeError(`the topology publishes to "${node.sink}", which is no sink of this engine`);
    sinkOf.set(node.name, sink);
  }
  return sinkOf;
}
