/** Wall-clock time as an argument, so that tests move it by hand and a replay runs on event time. */
export interface Clock {
  /** Epoch ms; never goes back. */
  nowMs(): number;
}

/** The machine's clock. */
export const systemClock: Clock = { nowMs: () => Date.now() };
