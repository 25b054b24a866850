// Declares a topology. Nothing is checked while it is being declared: `build` checks the whole and reports every mistake
// at once, so that a user mends them in one go.

import type { Deserializer, KeyValueStore, ProcessorSupplier, Serializer, StoreSupplier } from '../api/index.ts';
import type { GlobalStoreSpec, GlobalView, Topology, TopologyNode } from './topology.ts';
import { validated } from './validation.ts';

export interface SourceOptions<V> {
  /** Logical topic name; the log adapter adds the application's prefix. */
  readonly topic: string;
  readonly deserializer: Deserializer<V>;
  /** Event time of a value, epoch ms. Default: the producer's timestamp. */
  readonly timestamp?: (value: V) => number;
  /**
   * The key that a value must lie under. A record with another key would be state in the wrong task: it is refused with code
   * `key-mismatch`. Default: any key will do.
   */
  readonly keyOf?: (value: V) => string;
  /** Whether records may be tombstones; otherwise they are refused with code `unexpected-tombstone`. @defaultValue false */
  readonly allowsTombstones?: boolean;
}

export interface ProcessorOptions {
  readonly parents: readonly string[];
  /** Names of stores added with `addStore`. */
  readonly stores?: readonly string[];
  /** Names of stores added with `addGlobalStore`. */
  readonly globalStores?: readonly string[];
}

export interface SinkOptions<V> {
  readonly topic: string;
  readonly serializer: Serializer<V>;
  readonly parents: readonly string[];
}

export interface RepartitionOptions<V> {
  readonly serializer: Serializer<V>;
  readonly deserializer: Deserializer<V>;
  readonly parents: readonly string[];
  /**
   * A task takes its records at most so often, and in commits of their own, ms: what many records change is written and published once
   * an interval, and what other topics bring need not wait for it. Tasks have their turns at different times. On a shared log; an embedded
   * engine takes everything in each round. @defaultValue 0: with everything else, in each commit
   */
  readonly batchIntervalMs?: number;
}

export interface GlobalStoreOptions<V> {
  readonly topic: string;
  readonly deserializer: Deserializer<V>;
  /** Event time of a value, epoch ms: a value from the future is refused. */
  readonly timestamp?: (value: V) => number;
  /** As of a source. */
  readonly keyOf?: (value: V) => string;
  readonly supplier: StoreSupplier<KeyValueStore<V>>;
  readonly view?: { apply(key: string, value: V | undefined): void };
  /** What a record makes of the key's stored value; `undefined` keeps the stored one. Default: the newest record wins. */
  readonly merge?: (stored: V | undefined, incoming: V) => V | undefined;
}

/**
 * Builder of a {@link Topology}. Names are unique among nodes and among stores.
 *
 * ```ts
 * const topology = new TopologyBuilder()
 *   .addSource('readings', { topic: 'readings', deserializer: json })
 *   .addStore(keyValueStore({ name: 'highest', codec: json }))
 *   .addProcessor('alarm', () => new Alarm(), { parents: ['readings'], stores: ['highest'] })
 *   .addSink('alarms', { topic: 'alarms', serializer: json, parents: ['alarm'] })
 *   .build();
 * ```
 */
export class TopologyBuilder {
  readonly #nodes: TopologyNode[] = [];
  readonly #stores: StoreSupplier[] = [];
  readonly #globalStores: GlobalStoreSpec[] = [];
  /** The source side of a repartition, by the name that its parents and children use. */
  readonly #repartitions = new Map<string, string>();

  /** Reads a topic. One source per topic. */
  addSource<V>(name: string, options: SourceOptions<V>): this {
    this.#nodes.push({
      kind: 'source',
      name,
      topic: options.topic,
      deserializer: options.deserializer,
      timestamp: options.timestamp as ((value: unknown) => number) | undefined,
      keyOf: options.keyOf as ((value: unknown) => string) | undefined,
      allowsTombstones: options.allowsTombstones ?? false,
      internal: false,
      batchIntervalMs: 0,
      children: [],
    });
    return this;
  }

  /** Transforms what its parents send. `supplier` is called once per task. */
  addProcessor<V>(name: string, supplier: ProcessorSupplier<V>, options: ProcessorOptions): this {
    this.#nodes.push({
      kind: 'processor',
      name,
      supplier: supplier as ProcessorSupplier,
      parents: options.parents,
      stores: options.stores ?? [],
      globalStores: options.globalStores ?? [],
      children: [],
    });
    return this;
  }

  /** Writes what its parents send to a topic, in the task's commit. */
  addSink<V>(name: string, options: SinkOptions<V>): this {
    this.#nodes.push({ kind: 'sink', name, ...options, serializer: options.serializer, children: [] });
    return this;
  }

  /**
   * Sends records through an internal topic, so that the task which owns their new key (or the partition that they name)
   * gets them. Its children are declared with `name` as parent.
   */
  addRepartition<V>(name: string, options: RepartitionOptions<V>): this {
    const source = `${name}-source`;
    this.addSink(name, { topic: name, serializer: options.serializer, parents: options.parents });
    this.#nodes.push({
      kind: 'source',
      name: source,
      topic: name,
      deserializer: options.deserializer,
      timestamp: undefined,
      keyOf: undefined,
      allowsTombstones: false,
      internal: true,
      batchIntervalMs: options.batchIntervalMs ?? 0,
      children: [],
    });
    this.#repartitions.set(name, source);
    return this;
  }

  /** Publishes what its parents send to the versioned sink `sink` of the engine's options, after the task's commit. */
  addVersionedSink(name: string, options: { readonly sink: string; readonly parents: readonly string[] }): this {
    this.#nodes.push({ kind: 'versioned-sink', name, ...options, children: [] });
    return this;
  }

  /** A store of each task, to be named in the `stores` of the processors that use it. */
  addStore(supplier: StoreSupplier): this {
    this.#stores.push(supplier);
    return this;
  }

  /** A store that every instance fills from all partitions of `topic`. Processors read it. */
  addGlobalStore<V>(options: GlobalStoreOptions<V>): this {
    this.#globalStores.push({
      name: options.supplier.name,
      topic: options.topic,
      deserializer: options.deserializer,
      timestamp: options.timestamp as GlobalStoreSpec['timestamp'],
      keyOf: options.keyOf as GlobalStoreSpec['keyOf'],
      supplier: options.supplier as StoreSupplier<KeyValueStore<unknown>>,
      view: options.view as GlobalView | undefined,
      merge: options.merge as GlobalStoreSpec['merge'],
    });
    return this;
  }

  /**
   * The finished topology.
   * @throws {EngineError} `TOPOLOGY_INVALID`, whose text lists every mistake with the node or store that it is about.
   */
  build(): Topology {
    const nodes = this.#nodes.map((node) =>
      node.kind === 'processor' || node.kind === 'versioned-sink' || node.kind === 'sink'
        ? { ...node, parents: node.parents.map((parent) => this.#repartitions.get(parent) ?? parent) }
        : node,
    );
    return validated(nodes, this.#stores, this.#globalStores);
  }
}
