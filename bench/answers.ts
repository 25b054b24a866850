// A fast wrong number is no result: after every round this says what is wrong with what the engine has made of the input.

import { setTimeout as sleep } from 'node:timers/promises';
import { listKey, topListSerde } from '../lists/index.ts';
import type { Run } from './application.ts';

const VISITORS_PER_READ = 500;
const LONGEST_REFRESH_MS = 30_000;
const REFRESH_PAUSE_MS = 500;

/** @throws Error unless every event that was sent was counted exactly once. To be asked where no instance has been killed. */
export function checkCounts(run: Run): void {
  for (const [topic, sent] of run.sender.sent) {
    let counted = 0;
    for (const { view } of run.instances) counted += view?.records[topic] ?? 0;
    if (counted !== sent) throw new Error(`${sent} records were sent to ${topic}, ${counted} were counted`);
  }
  for (const { view } of run.instances)
    if ((view?.noted.duplicate ?? 0) > 0) throw new Error(`${view?.noted.duplicate} events came twice`);
}

/**
 * Every visitor who has viewed an item has a list in Redis that knows the visitor's last event. It is waited for: what a killed
 * instance counted is not known, and a list without any item gets some when the neighbours of what was viewed come.
 * @throws Error when lists are missing or old for too long.
 */
export async function checkLists(run: Run): Promise<void> {
  const deadline = performance.now() + LONGEST_REFRESH_MS;
  for (let visitors = [...run.sender.lastEvents.keys()]; ; await sleep(REFRESH_PAUSE_MS)) {
    visitors = await withoutList(run, visitors);
    if (visitors.length === 0) return;
    if (performance.now() > deadline)
      throw new Error(
        `of ${run.sender.lastEvents.size} visitors ${visitors.length} have no list that knows their last event`,
      );
  }
}

async function withoutList({ sender, lists }: Run, visitors: readonly string[]): Promise<string[]> {
  const without: string[] = [];
  for (let from = 0; from < visitors.length; from += VISITORS_PER_READ) {
    const part = visitors.slice(from, from + VISITORS_PER_READ);
    const found = await lists.getMany(part.map((visitor) => visitorListKey(visitor)));
    for (const [index, entry] of found.entries()) {
      const visitor = part[index]!;
      const known = entry === undefined ? [] : topListSerde.deserialize(entry.value).asOf.eventIds;
      if (!known.includes(sender.lastEvents.get(visitor)!)) without.push(visitor);
    }
  }
  return without;
}

export const visitorListKey = (visitorId: string) => listKey('visitor', 'for-you', 'default', visitorId);
