// Where the readers of a log stand: what may be dropped, and what is still to be read.

import type { LogReader, TopicPartition } from '../api/index.ts';

export type Position = TopicPartition & { readonly offset: number };

/** The lowest offset that anybody still needs, of every partition. */
export function lowestPositions(positions: Iterable<Position>): Position[] {
  const lowest = new Map<string, Position>();
  for (const position of positions) {
    const id = `${position.topic}-${position.partition}`;
    const known = lowest.get(id);
    if (known === undefined || position.offset < known.offset) lowest.set(id, position);
  }
  return [...lowest.values()];
}

/** Records behind these positions, by topic. */
export function lagBehind(log: Pick<LogReader, 'offsets'>, positions: Iterable<Position>): Map<string, number> {
  const lags = new Map<string, number>();
  for (const { topic, partition, offset } of positions) {
    const { start, end } = log.offsets({ topic, partition });
    lags.set(topic, (lags.get(topic) ?? 0) + Math.max(0, end - Math.max(start, offset)));
  }
  return lags;
}

/** Over all topics. */
export function totalLag(log: Pick<LogReader, 'offsets'>, positions: Iterable<Position>): number {
  let lag = 0;
  for (const one of lagBehind(log, positions).values()) lag += one;
  return lag;
}
