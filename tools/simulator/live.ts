// Runs a simulated shop by the clock: event time is wall-clock time. How many events are due is computed from when the present rate
// began, not added up tick by tick, so that the rate does not drift. A slow `append` slows the shop down: what more than
// a second's backlog would be is dropped, as shoppers of a slow shop do less, and never arrives as a burst.
import type { WaitingClock } from '../waiting-clock.ts';
import type { Shop } from './shop.ts';
import type { SimulatedEvent } from './simulated-event.ts';

/** What a live run needs. */
export interface LiveShopOptions {
  /** Just created, so that its catalog is sent first. */
  readonly shop: Shop;
  /** Events per second; 0 pauses the shop. */
  readonly eventsPerSecond: number;
  /** Takes a batch in its order. A rejection ends the run. */
  readonly append: (events: readonly SimulatedEvent[]) => Promise<void>;
  readonly clock: WaitingClock;
  /** Ends the run after the batch under way. */
  readonly signal: AbortSignal;
}

/** A live run. */
export interface LiveShop {
  /** Resolves when the run has ended after an abort; rejects with what `append` rejected with. */
  readonly done: Promise<void>;
  /** Events per second from now on; 0 pauses the shop. */
  setRate(eventsPerSecond: number): void;
}

/** Half of it is the mean delay that batching adds to an event; at 1,000 events/s a batch has 20. */
const BATCH_MS = 20;
const MAX_BACKLOG_MS = 1_000;

/** Sends the catalog, then what happens in the shop as it happens, until `signal` aborts. */
export function runLiveShop(options: LiveShopOptions): LiveShop {
  const { shop, append, clock, signal } = options;
  let rate = 0;
  let rateSinceMs = 0;
  let sentSince = 0;

  function setRate(eventsPerSecond: number): void {
    if (eventsPerSecond > 0) shop.setRate(eventsPerSecond);
    rate = eventsPerSecond;
    rateSinceMs = clock.nowMs();
    sentSince = 0;
  }

  async function run(): Promise<void> {
    await append(shop.catalogEvents());
    setRate(rate);
    let lastMs = clock.nowMs();
    while (!signal.aborted) {
      await clock.wait(BATCH_MS, signal);
      if (signal.aborted) return;
      const nowMs = clock.nowMs();
      if (nowMs - lastMs > MAX_BACKLOG_MS) {
        lastMs = nowMs - MAX_BACKLOG_MS;
        sentSince = Math.max(sentSince, Math.floor(((lastMs - rateSinceMs) * rate) / 1_000));
      }
      const due = Math.floor(((nowMs - rateSinceMs) * rate) / 1_000) - sentSince;
      if (due > 0) {
        const batch: SimulatedEvent[] = [];
        for (let i = 1; i <= due; i += 1) batch.push(shop.next(Math.floor(lastMs + ((nowMs - lastMs) * i) / due)));
        sentSince += due;
        lastMs = nowMs;
        await append(batch);
      }
    }
  }

  setRate(options.eventsPerSecond);
  return { done: run(), setRate };
}
