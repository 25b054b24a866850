// What a topology is: plain data, validated, in an order in which every node comes after its parents. The runtime reads it
// and the description prints it; neither changes it.

import type {
  Deserializer,
  KeyValueStore,
  ProcessorSupplier,
  Serializer,
  StoreSupplier,
  TopicSpec,
} from '../api/index.ts';

/** Reads a partitioned topic; the start of every path. */
export interface SourceNode {
  readonly kind: 'source';
  readonly name: string;
  readonly topic: string;
  readonly deserializer: Deserializer<unknown>;
  /** Event time of a value, epoch ms. Without it the producer's timestamp is the event time. */
  readonly timestamp: ((value: unknown) => number) | undefined;
  /** The key that a value must lie under, since its state is found by it; `undefined` takes any. */
  readonly keyOf: ((value: unknown) => string) | undefined;
  /** Whether a record may be a tombstone. */
  readonly allowsTombstones: boolean;
  /** Written by this topology itself: its records are trusted to be in time and are dropped once read. */
  readonly internal: boolean;
  /** See `RepartitionOptions`; 0: its records are taken as they come. */
  readonly batchIntervalMs: number;
  readonly children: readonly string[];
}

/** Transforms records. */
export interface ProcessorNode {
  readonly kind: 'processor';
  readonly name: string;
  readonly supplier: ProcessorSupplier;
  readonly parents: readonly string[];
  readonly stores: readonly string[];
  readonly globalStores: readonly string[];
  readonly children: readonly string[];
}

/** Writes a topic, in the task's commit. */
export interface SinkNode {
  readonly kind: 'sink';
  readonly name: string;
  readonly topic: string;
  readonly serializer: Serializer<unknown>;
  readonly parents: readonly string[];
  readonly children: readonly string[];
}

/** Publishes outside the log, after the task's commit. */
export interface VersionedSinkNode {
  readonly kind: 'versioned-sink';
  readonly name: string;
  readonly sink: string;
  readonly parents: readonly string[];
  readonly children: readonly string[];
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode | VersionedSinkNode;

/** Something derived from a global store that an instance keeps in memory, e.g. an index. Rebuilt at each start. */
export interface GlobalView {
  /** Called for every entry at start and for every change after; `undefined` when the key was deleted. */
  apply(key: string, value: unknown): void;
}

/** A store that every instance fills with all partitions of a compacted topic. */
export interface GlobalStoreSpec {
  readonly name: string;
  readonly topic: string;
  readonly deserializer: Deserializer<unknown>;
  /** As of a source node: a value from the future is not applied. */
  readonly timestamp: ((value: unknown) => number) | undefined;
  /** As of a source node. */
  readonly keyOf: ((value: unknown) => string) | undefined;
  readonly supplier: StoreSupplier<KeyValueStore<unknown>>;
  readonly view: GlobalView | undefined;
  /** What a record makes of the key's value; `undefined` keeps the stored value. Without it the newest record wins. */
  readonly merge: ((stored: unknown, incoming: unknown) => unknown) | undefined;
}

/** A task store and the processors that may use it. */
export interface StoreSpec {
  readonly supplier: StoreSupplier;
  readonly processors: readonly string[];
}

/** The name of the topic that takes refused records. */
export const DEAD_LETTER_TOPIC = 'dead-letters';

export interface Topology {
  /** Parents before children. */
  readonly nodes: readonly TopologyNode[];
  readonly stores: readonly StoreSpec[];
  readonly globalStores: readonly GlobalStoreSpec[];
}

/** Every topic that the topology reads or writes, the dead-letter topic included, by name. */
export function topicsOf(topology: Topology, partitions: number): TopicSpec[] {
  const specs = new Map<string, TopicSpec>();
  // Where the newest record of a key says all, older ones may go: global stores, and topics whose keys can be deleted.
  const compacted = new Set(topology.globalStores.map((store) => store.topic));
  for (const node of topology.nodes) if (node.kind === 'source' && node.allowsTombstones) compacted.add(node.topic);
  const written = new Set(topology.nodes.filter((node) => node.kind === 'sink').map((node) => node.topic));
  const read = new Set(compacted);
  for (const node of topology.nodes) if (node.kind === 'source') read.add(node.topic);
  // What nobody in the topology reads is written for others, who have as long as for any topic of theirs.
  const isInternal = (name: string) => written.has(name) && read.has(name);
  const tasks = new Set([
    ...written,
    ...topology.nodes.flatMap((node) => (node.kind === 'source' ? [node.topic] : [])),
  ]);
  const add = (name: string) =>
    specs.set(name, {
      name,
      partitions,
      compacted: compacted.has(name),
      internal: isInternal(name),
      ...(written.has(name) && { written: true }),
      ...(!tasks.has(name) && { anyPartitionCount: true }),
    });
  for (const node of topology.nodes) if (node.kind === 'source' || node.kind === 'sink') add(node.topic);
  for (const store of topology.globalStores) add(store.topic);
  const deadLetters = { name: DEAD_LETTER_TOPIC, partitions, compacted: false, internal: false, written: true };
  specs.set(DEAD_LETTER_TOPIC, deadLetters);
  return [...specs.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
