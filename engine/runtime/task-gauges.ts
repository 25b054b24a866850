// What tasks look like at a moment: how far behind each is in each topic, and what its stores take in memory. Read when metrics are collected;
// a task that does not run here has nothing to say (NaN, which is left out).

import type { Clock, LogReader, Metrics } from '../api/index.ts';
import type { Topology } from '../graph/topology.ts';
import type { Task } from './task.ts';

export interface TaskGaugesOptions {
  readonly metrics: Metrics;
  readonly topology: Topology;
  readonly partitions: number;
  readonly log: Pick<LogReader, 'offsets'>;
  readonly clock: Clock;
  /** The task of this number, where it runs here. */
  taskOf(taskId: number): Task | undefined;
}

/** Adds the gauges. Returns how to end them. */
export function watchTasks(options: TaskGaugesOptions): () => void {
  const { metrics, topology, partitions, log, clock, taskOf } = options;
  const topics = new Set(topology.nodes.flatMap((node) => (node.kind === 'source' ? [node.topic] : [])));
  const stores = topology.stores.map(({ supplier }) => supplier.name);
  const ends: (() => void)[] = [];

  function lagOf(topic: string, taskId: number): number {
    const position = taskOf(taskId)?.queues.positionOf(topic);
    if (position === undefined) return Number.NaN;
    const { start, end } = log.offsets({ topic, partition: taskId });
    return Math.max(0, end - Math.max(start, position));
  }

  /** A task that stands still has taken nothing from the log, perhaps for long: then what was read ahead tells, else how long any wait. */
  function lagSecondsOf(topic: string, taskId: number): () => number {
    let unreadSinceMs: number | undefined;
    return () => {
      const lag = lagOf(topic, taskId);
      const oldestMs = taskOf(taskId)?.queues.oldestOf(topic) ?? log.offsets({ topic, partition: taskId }).oldestMs;
      unreadSinceMs = lag > 0 && oldestMs === undefined ? (unreadSinceMs ?? clock.nowMs()) : undefined;
      if (Number.isNaN(lag)) return lag;
      const sinceMs = oldestMs ?? unreadSinceMs;
      return sinceMs === undefined ? 0 : Math.max(0, clock.nowMs() - sinceMs) / 1000;
    };
  }

  for (let taskId = 0; taskId < partitions; taskId++) {
    for (const topic of topics) {
      const place = { 'messaging.destination.name': topic, 'messaging.destination.partition.id': taskId };
      ends.push(metrics.gauge('freshet.stream.lag', () => lagOf(topic, taskId), place));
      ends.push(metrics.gauge('freshet.stream.lag.time', lagSecondsOf(topic, taskId), place));
    }
    for (const store of stores) {
      const memory = () => taskOf(taskId)?.stores.find(({ name }) => name === store)?.memoryBytes ?? Number.NaN;
      const attributes = { 'freshet.store': store, 'freshet.task': taskId };
      ends.push(metrics.gauge('freshet.store.cache.size', memory, attributes));
    }
  }
  return () => {
    for (const end of ends) end();
  };
}
