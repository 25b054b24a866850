// What an update costs without what lies around it: profile, pair deltas, rows and the records that are published of them, on decoded
// values, in batches of 1,000 events as the engine takes them. No log, no store, no encoding. Medians over batches of CPU time, so that a
// neighbour on the machine shows less.

import type { ItemRow } from '../../processors/co-occurrence/item-row.ts';
import { addRowDelta, emptyRow } from '../../processors/co-occurrence/row-update.ts';
import type { HalfLives } from '../../processors/decay.ts';
import { DeltaBatch } from '../../processors/profile/delta-batch.ts';
import { emptyProfile, type Profile } from '../../processors/profile/profile.ts';
import type { ProfileUpdater } from '../../processors/profile/profile-updater.ts';
import type { Click, Purchase } from '../../schemas/index.ts';
import { cpuUs, median } from './cpu-time.ts';
import type { LearnStep } from './steps.ts';

/** Events of a batch. */
const BATCH = 1_000;

/** Mean CPU time per event of the median batch, µs. */
export interface UpdateCost {
  /** Profile, pair deltas and rows. */
  readonly usPerEvent: number;
  /** Making the records of the items that changed. */
  readonly publishUsPerEvent: number;
  readonly events: number;
}

export interface UpdateCostOptions {
  /** Clicks and orders, in their order. The first half warms up, the other half is measured. */
  readonly events: readonly LearnStep[];
  readonly halfLives: HalfLives;
  /** An updater that contributes to this batch. */
  readonly updaterOf: (deltas: DeltaBatch) => ProfileUpdater;
  /** A copy of an item's row. */
  readonly rowOf: (item: string) => ItemRow | undefined;
  /** Makes the record that is published of a row. */
  readonly publish: (item: string, row: ItemRow) => void;
}

/** Measures updates; `undefined` where there are too few events for a batch in each half. */
export function measureUpdates({
  events,
  halfLives,
  updaterOf,
  rowOf,
  publish,
}: UpdateCostOptions): UpdateCost | undefined {
  if (events.length < 2 * BATCH) return undefined;
  const deltas = new DeltaBatch(halfLives);
  const updater = updaterOf(deltas);
  const profiles = new Map<string, Profile>();
  const rows = new Map<string, ItemRow>();
  const updates: number[] = [];
  const publications: number[] = [];
  for (let from = 0; from + BATCH <= events.length; from += BATCH) {
    const batch = events.slice(from, from + BATCH);
    const newestMs = Math.max(...batch.map(({ at }) => at));
    // Rows are decoded before the clock starts; nearly all that a batch changes are those of its own items.
    load(batch, rows, rowOf);
    const startedUs = cpuUs();
    deltas.begin(newestMs);
    for (const [offset, { topic, key, value, at }] of batch.entries()) {
      let profile = profiles.get(key);
      if (profile === undefined) {
        profile = emptyProfile();
        profiles.set(key, profile);
      }
      const event = { at, topic, partition: 0, offset, eventId: `${from + offset}` };
      if (topic === 'clicks') updater.click(profile, value as Click, event);
      else updater.purchase(profile, value as Purchase, event);
    }
    const changed = new Map<string, ItemRow>();
    for (const { value } of deltas.takePairs(1)) {
      for (const delta of value.rows) {
        const item = value.items[delta.item]!;
        let row = rows.get(item);
        if (row === undefined) {
          row = rowOf(item) ?? emptyRow(value.landmarkMs, delta);
          rows.set(item, row);
        }
        addRowDelta(row, delta, value, halfLives.rowsMs);
        changed.set(item, row);
      }
    }
    deltas.takeSegments(1);
    const updatedUs = cpuUs();
    for (const [item, row] of changed) publish(item, row);
    const publishedUs = cpuUs();
    if (from < events.length / 2) continue;
    updates.push(updatedUs - startedUs);
    publications.push(publishedUs - updatedUs);
  }
  const usPerEvent = (us: number[]) => median(us) / BATCH;
  return {
    usPerEvent: usPerEvent(updates),
    publishUsPerEvent: usPerEvent(publications),
    events: updates.length * BATCH,
  };
}

/** Brings the rows of a batch's items into memory. */
function load(
  batch: readonly LearnStep[],
  rows: Map<string, ItemRow>,
  rowOf: (item: string) => ItemRow | undefined,
): void {
  for (const { visit } of batch) {
    for (const item of visit?.items ?? []) {
      const row = rows.has(item) ? undefined : rowOf(item);
      if (row !== undefined) rows.set(item, row);
    }
  }
}
