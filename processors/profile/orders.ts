// Taking orders back: quantities are taken from receipts, and a line of which nothing is left is subtracted from everything it
// contributed to, at the order's time. A pair of two lines goes with the first of them, once.

import type { EventRef } from './as-of.ts';
import { contributeOrder } from './contributions.ts';
import type { DeltaBatch } from './delta-batch.ts';
import type { Receipt, ReceiptLine } from './profile.ts';
import { eachSegment } from './segments.ts';
import { copyForPairing } from './session.ts';
import type { SignalTable } from './signals.ts';

/** What {@link takeBack} found. */
export interface TakenBack {
  /** A receipt of the order has such a line. */
  readonly found: boolean;
  /** Pieces for which nothing was left. */
  readonly missing: number;
  /** Receipts in which nothing is left of the line: its quantity is still 1 here, see {@link subtractLines}. */
  readonly emptied: readonly Receipt[];
}

/**
 * Takes pieces of an item back from the receipts of an order, the newest first (there is one, unless the shop sent the order in
 * parts). A line that comes to nothing is left at its last piece for `subtractLines`, which closes it.
 */
export function takeBack(receipts: readonly Receipt[], orderId: string, item: string, quantity: number): TakenBack {
  let found = false;
  let missing = quantity;
  const emptied: Receipt[] = [];
  for (let i = receipts.length - 1; i >= 0 && missing > 0; i--) {
    const receipt = receipts[i]!;
    const line = receipt.orderId === orderId ? receipt.lines.find((line) => line.item === item) : undefined;
    if (line === undefined) continue;
    found = true;
    if (line.quantityLeft === 0) continue;
    const taken = Math.min(missing, line.quantityLeft);
    missing -= taken;
    if (taken === line.quantityLeft) emptied.push(receipt);
    else line.quantityLeft -= taken;
  }
  return { found, missing, emptied };
}

/** Subtracts a share (0 to 1) of what the lines contributed that `isTaken` names and that have something left, and closes them. */
export function subtractLines(
  receipt: Receipt,
  isTaken: (line: ReceiptLine) => boolean,
  event: EventRef,
  deltas: DeltaBatch,
  signals: SignalTable,
  share = 1,
): void {
  const { at, device, region, lines } = receipt;
  const isGone = lines.map(({ quantityLeft }) => quantityLeft === 0);
  const isNow = lines.map((line) => line.quantityLeft > 0 && isTaken(line));
  deltas.setEvent(event, at, -share);
  contributeOrder(
    copyForPairing(receipt.context),
    lines.map(({ item }) => item),
    (line, partner) =>
      !isGone[line] && (partner === undefined ? isNow[line]! : !isGone[partner] && (isNow[line]! || isNow[partner]!)),
    deltas,
    signals,
  );
  for (let i = 0; i < lines.length; i++) {
    if (!isNow[i]) continue;
    const { item, categories } = lines[i]!;
    eachSegment(at, device, region, categories, (segment) =>
      deltas.popular(segment, item, signals.of('purchase').popularity),
    );
    lines[i]!.quantityLeft = 0;
  }
}
