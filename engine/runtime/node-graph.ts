// The nodes of one task at work: a batch goes in at the sources, every node gets all that its parents made of it in one
// call, and what reaches the sinks is collected. Nothing leaves here: the commit sends it.

import {
  type Clock,
  EngineError,
  type Forwarded,
  type Logger,
  type Metrics,
  type Postponement,
  type Processor,
  type ProcessorContext,
  type ReadOnlyStore,
  RefusedRecordError,
  type StateStore,
  type StreamRecord,
} from '../api/index.ts';
import type { ProcessorNode, Topology, TopologyNode } from '../graph/topology.ts';
import type { BatchTrace } from './batch-trace.ts';
import { deadLetterOf } from './dead-letters.ts';
import type { Outputs } from './outputs.ts';
import type { ChangedKeys } from './position.ts';
import type { Refusal, SourceRecord } from './source-record.ts';
import type { Timers } from './timers.ts';

/** What the nodes of a task share. */
export interface TaskEnvironment {
  readonly taskId: number;
  readonly partitions: number;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly stores: ReadonlyMap<string, StateStore>;
  readonly globalStores: ReadonlyMap<string, ReadOnlyStore<unknown>>;
  streamTimeMs(): number;
  commitNumber(): number;
  /** Whether the batch under way is full. */
  behind(): number;
  /** Whether these entries of a versioned-sink node will be made later. */
  postpone(node: string, keys: readonly string[], awaited: Postponement): boolean;
  /** Of the batch under way, where it is traced. */
  trace(): BatchTrace | undefined;
  /** Largest value that a node may send to a topic, bytes. */
  readonly maxRecordBytes: number;
  /** Counts a refusal, e.g. in a metric. */
  refused(record: StreamRecord, refusal: Refusal): void;
}

interface RunningNode {
  readonly node: TopologyNode;
  readonly processor: Processor | undefined;
  inbox: StreamRecord[];
  children: readonly RunningNode[];
}

export class NodeGraph {
  readonly #environment: TaskEnvironment;
  readonly #nodes: readonly RunningNode[];
  readonly #sources: ReadonlyMap<string, RunningNode>;
  #outputs: Outputs = { records: [], published: new Map() };
  #isRepublishing = false;

  constructor(topology: Topology, environment: TaskEnvironment) {
    this.#environment = environment;
    this.#nodes = topology.nodes.map((node) => ({
      node,
      processor: node.kind === 'processor' ? node.supplier() : undefined,
      inbox: [],
      children: [],
    }));
    const byName = new Map(this.#nodes.map((running) => [running.node.name, running]));
    for (const running of this.#nodes) running.children = running.node.children.map((name) => byName.get(name)!);
    this.#sources = new Map(
      this.#nodes.flatMap((running) => (running.node.kind === 'source' ? [[running.node.topic, running]] : [])),
    );
    for (const running of this.#nodes)
      if (running.node.kind === 'processor') running.processor?.init?.(this.#context(running, running.node));
  }

  #context(running: RunningNode, node: ProcessorNode): ProcessorContext {
    const { taskId, partitions, clock, metrics, logger, timers, stores, globalStores } = this.#environment;
    const { streamTimeMs, commitNumber, behind, trace } = this.#environment;
    const unknown = (name: string) =>
      new EngineError('STORE_UNKNOWN', `processor "${node.name}" is not connected to a store "${name}"`, {
        context: { taskId, store: name, node: node.name },
      });
    return {
      nodeName: node.name,
      taskId,
      partitions,
      clock,
      metrics,
      logger,
      get streamTimeMs() {
        return streamTimeMs();
      },
      get commitNumber() {
        return commitNumber();
      },
      get behind() {
        return behind();
      },
      get traceparent() {
        return trace()?.traceparentOf(node.name);
      },
      store<S extends StateStore>(name: string): S {
        const store = stores.get(name);
        if (store === undefined || !node.stores.includes(name)) throw unknown(name);
        return store as S;
      },
      globalStore<V>(name: string): ReadOnlyStore<V> {
        const store = globalStores.get(name);
        if (store === undefined || !node.globalStores.includes(name)) throw unknown(name);
        return store as ReadOnlyStore<V>;
      },
      forward: (record, to) => this.#forward(running, record, to),
      postpone: (keys, awaited, to) => this.#postpone(running, keys, awaited, to),
      refuse: (record, code, text) => this.refuse(record, { code, text }),
      schedule: (name, intervalMs, type, punctuate) =>
        timers.schedule(`${node.name}/${name}`, intervalMs, type, punctuate),
    };
  }

  #forward(from: RunningNode, record: Forwarded<unknown>, to: string | undefined): void {
    let isKnown = to === undefined;
    for (const child of from.children) {
      if (to !== undefined && child.node.name !== to) continue;
      isKnown = true;
      this.#deliver(from, child, record);
    }
    if (!isKnown) throw new RangeError(`node "${from.node.name}" has no child "${to}"`);
  }

  #postpone(from: RunningNode, keys: readonly string[], awaited: Postponement, to: string): boolean {
    if (!from.children.some(({ node }) => node.kind === 'versioned-sink' && node.name === to))
      throw new RangeError(`node "${from.node.name}" has no versioned sink "${to}"`);
    if (from.processor?.republish === undefined)
      throw new TypeError(`node "${from.node.name}" cannot make anything later: it has no republish`);
    const made = this.#outputs.published.get(to);
    // What the batch has made already is published with it, and would be of an older state.
    if (this.#isRepublishing || keys.some((key) => made?.has(key) === true)) return false;
    return this.#environment.postpone(to, keys, awaited);
  }

  #deliver(from: RunningNode, child: RunningNode, record: Forwarded<unknown>): void {
    const { node } = child;
    if (node.kind === 'versioned-sink') {
      if (record.key === undefined) throw new RangeError(`node "${from.node.name}": a published value needs a key`);
      let entries = this.#outputs.published.get(node.name);
      if (entries === undefined) {
        entries = new Map();
        this.#outputs.published.set(node.name, entries);
      }
      entries.set(record.key, record.value as Uint8Array | null);
      return;
    }
    if (this.#isRepublishing) return;
    // A log keeps whole milliseconds.
    const timestampMs = Math.floor(record.timestampMs);
    if (!Number.isFinite(timestampMs))
      throw new RefusedRecordError(
        'invalid-time',
        `what node "${from.node.name}" forwards to "${node.name}" has the time ${record.timestampMs}; stream time is not known before the first record`,
      );
    if (node.kind === 'sink') {
      const value = record.value === null ? null : node.serializer.serialize(record.value);
      const { maxRecordBytes } = this.#environment;
      if (value !== null && value.length > maxRecordBytes)
        throw new RefusedRecordError(
          'output-too-large',
          `what node "${from.node.name}" makes of it for topic "${node.topic}" has ${value.length} bytes, more than ${maxRecordBytes}`,
        );
      this.#outputs.records.push({
        topic: node.topic,
        partition: record.partition,
        key: record.key,
        value,
        timestampMs,
        headers: record.headers,
      });
      return;
    }
    child.inbox.push({
      topic: from.node.name,
      partition: this.#environment.taskId,
      offset: this.#environment.commitNumber(),
      key: record.key,
      value: record.value,
      timestampMs,
      appendTimeMs: timestampMs,
      headers: record.headers,
    });
  }

  /** Sends a record to the dead letters. */
  refuse(record: StreamRecord, refusal: Refusal): void {
    const bytes = (record as Partial<SourceRecord>).raw?.value ?? null;
    this.#outputs.records.push(deadLetterOf(record, refusal, bytes));
    this.#environment.refused(record, refusal);
  }

  /** Runs a batch through all nodes. After a throw the outputs and stores are of no use: `reset`, and roll back. */
  async run(records: readonly SourceRecord[]): Promise<void> {
    for (const record of records) {
      if (record.refusal !== undefined) this.refuse(record, record.refusal);
      else for (const child of this.#sources.get(record.topic)!.children) child.inbox.push(record);
    }
    await this.#runNodes();
  }

  /** Fires due timers and runs what they forwarded through the nodes below. Returns how many fired. */
  async punctuate(streamTimeMs: number, wallClockMs: number): Promise<number> {
    const { timers, trace } = this.#environment;
    const batchTrace = trace();
    const fired =
      batchTrace !== undefined && timers.isDue(streamTimeMs, wallClockMs)
        ? await batchTrace.withinPunctuation(() => timers.fire(streamTimeMs, wallClockMs))
        : timers.fire(streamTimeMs, wallClockMs);
    if (fired > 0) await this.#runNodes();
    return fired;
  }

  async #runNodes(): Promise<void> {
    const trace = this.#environment.trace();
    for (const running of this.#nodes) {
      if (running.inbox.length === 0) continue;
      const inbox = running.inbox;
      running.inbox = [];
      // A processor whose work is synchronous costs no turn of the event loop.
      const pending =
        trace === undefined
          ? running.processor?.process(inbox)
          : trace.withinNode(running.node.name, { 'freshet.records': inbox.length }, () =>
              running.processor?.process(inbox),
            );
      if (pending !== undefined) await pending;
    }
  }

  /** Values of these keys anew, by versioned-sink node, from committed state. */
  async republish(changed: ChangedKeys): Promise<Outputs['published']> {
    await this.remake(changed);
    return this.takeOutputs().published;
  }

  /** Makes the values of these keys part of the outputs, from the state as it is. */
  async remake(changed: ChangedKeys): Promise<void> {
    this.#isRepublishing = true;
    try {
      for (const [sink, keys] of Object.entries(changed))
        for (const running of this.#nodes)
          if (running.children.some((child) => child.node.name === sink)) {
            const pending = running.processor?.republish?.(sink, keys);
            if (pending !== undefined) await pending;
          }
    } finally {
      this.#isRepublishing = false;
    }
  }

  /** Keys of everything that has been published to a versioned-sink node. Lazy. */
  *publishedKeys(sink: string): Generator<string> {
    for (const { children, processor } of this.#nodes)
      if (children.some((child) => child.node.name === sink)) yield* processor?.publishedKeys?.(sink) ?? [];
  }

  /** What has been collected for versioned sinks and not been taken. */
  get published(): Outputs['published'] {
    return this.#outputs.published;
  }

  /** What has been collected since the last call. */
  takeOutputs(): Outputs {
    const outputs = this.#outputs;
    this.#outputs = { records: [], published: new Map() };
    return outputs;
  }

  /** Forgets what a failed batch left behind. */
  reset(): void {
    for (const running of this.#nodes) running.inbox = [];
    this.takeOutputs();
  }

  close(): void {
    for (const running of this.#nodes) running.processor?.close?.();
  }
}
