// A small application for tests of restore and takeover, whose answers a plain program knows: it counts by key, sends each count to
// its group's task, sums by group there, and publishes the sums. One event may fill a store with many keys, or drop them again.

import { createHash } from 'node:crypto';
import type { KeyValueStore, Processor, ProcessorContext, StreamRecord } from '../../engine/api/index.ts';
import { type Topology, TopologyBuilder } from '../../engine/graph/index.ts';
import { json, jsonStore } from './engine.ts';

export type Event =
  | { readonly group: string; readonly amount: number }
  /** Counts `count` keys `<key>-<from>` and on, with values of about 200 bytes; sends one to `group`. */
  | { readonly group: string; readonly fill: number; readonly from: number }
  /** Deletes them; sends one to `group`. */
  | { readonly group: string; readonly drop: number; readonly from: number };

export interface Count {
  readonly n: number;
  /** Text that compresses badly. */
  readonly pad?: string;
}

/** Numbered keys of a `fill` or `drop`. */
export const numberedKey = (key: string, number: number): string => `${key}-${String(number).padStart(7, '0')}`;

export function padding(key: string): string {
  return (
    createHash('sha512').update(key).digest('base64url') + createHash('sha384').update(key).digest('base64url')
  ).slice(0, 140);
}

/** What an event sends to its group. */
export const amountOf = (event: Event): number => ('amount' in event ? event.amount : 1);

class CountKeys implements Processor<Event> {
  #context!: ProcessorContext;
  #counts!: KeyValueStore<Count>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#counts = context.store('counts');
  }

  process(records: readonly StreamRecord<Event>[]): void {
    for (const { key, value, timestampMs } of records) {
      this.#apply(key!, value!);
      this.#context.forward({ key: value!.group, value: amountOf(value!), timestampMs }, 'amounts');
    }
  }

  #apply(key: string, event: Event): void {
    if ('amount' in event) {
      this.#counts.put(key, { n: (this.#counts.get(key)?.n ?? 0) + event.amount });
    } else if ('fill' in event) {
      for (let i = event.from; i < event.from + event.fill; i++) {
        const numbered = numberedKey(key, i);
        this.#counts.put(numbered, { n: (this.#counts.get(numbered)?.n ?? 0) + 1, pad: padding(numbered) });
      }
    } else {
      for (let i = event.from; i < event.from + event.drop; i++) this.#counts.delete(numberedKey(key, i));
    }
  }
}

class SumGroups implements Processor<number> {
  #context!: ProcessorContext;
  #sums!: KeyValueStore<number>;

  init(context: ProcessorContext): void {
    this.#context = context;
    this.#sums = context.store('groups');
  }

  process(records: readonly StreamRecord<number>[]): void {
    for (const { key, value } of records) this.#sums.put(key!, (this.#sums.get(key!) ?? 0) + value!);
    this.republish('board', [...new Set(records.map(({ key }) => key!))]);
  }

  republish(_sink: string, keys: readonly string[]): void {
    for (const key of keys)
      this.#context.forward({ key, value: Buffer.from(String(this.#sums.get(key))), timestampMs: 0 }, 'board');
  }
}

export function countingTopology(): Topology {
  return new TopologyBuilder()
    .addSource('events', { topic: 'events', deserializer: json<Event>() })
    .addStore(jsonStore<Count>('counts'))
    .addProcessor('count-keys', () => new CountKeys(), { parents: ['events'], stores: ['counts'] })
    .addRepartition('amounts', { serializer: json<number>(), deserializer: json<number>(), parents: ['count-keys'] })
    .addStore(jsonStore<number>('groups'))
    .addGlobalStore({ topic: 'names', deserializer: json<string>(), supplier: jsonStore<string>('names') })
    .addProcessor('sum-groups', () => new SumGroups(), {
      parents: ['amounts'],
      stores: ['groups'],
      globalStores: ['names'],
    })
    .addVersionedSink('board', { sink: 'board', parents: ['sum-groups'] })
    .build();
}

/** What the application must come to, kept by a program too plain to be wrong. */
export class NaiveCounts {
  readonly counts = new Map<string, number>();
  readonly groups = new Map<string, number>();

  add(key: string, event: Event): void {
    this.groups.set(event.group, (this.groups.get(event.group) ?? 0) + amountOf(event));
    if ('amount' in event) this.counts.set(key, (this.counts.get(key) ?? 0) + event.amount);
    else if ('fill' in event)
      for (let i = event.from; i < event.from + event.fill; i++) {
        const numbered = numberedKey(key, i);
        this.counts.set(numbered, (this.counts.get(numbered) ?? 0) + 1);
      }
    else for (let i = event.from; i < event.from + event.drop; i++) this.counts.delete(numberedKey(key, i));
  }
}
