// `freshet size`: how large an installation has to be.

import { DEFAULT_ASSUMPTIONS, rebalances, sizeOf, sizeReport } from '../../tools/sizing/index.ts';

/** As the command line has them. Prices are USD a month. */
export interface SizeOptions {
  readonly visitors: number;
  readonly items: number;
  /** A second. */
  readonly events: number;
  readonly requests: number;
  readonly commitIntervalMs: number;
  readonly retentionDays: number;
  readonly priceCore: number;
  readonly priceMemory: number;
  readonly priceDisk: number;
  readonly json: boolean;
}

export function printSize(options: SizeOptions): void {
  const { visitors, items } = options;
  const demand = { visitors, items, eventsPerS: options.events, requestsPerS: options.requests };
  const assumptions = {
    ...DEFAULT_ASSUMPTIONS,
    commitIntervalMs: options.commitIntervalMs,
    retentionDays: options.retentionDays,
    pricePerCoreMonth: options.priceCore,
    pricePerGbMemoryMonth: options.priceMemory,
    pricePerGbDiskMonth: options.priceDisk,
  };
  const size = sizeOf(demand, assumptions);
  const moves = rebalances({
    tasks: size.partitions,
    instances: size.tiers[0]!.count,
    standbyReplicas: assumptions.standbyReplicas,
  });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ demand, assumptions, size, moves }, undefined, 2)}\n`
      : sizeReport(demand, assumptions, size, moves),
  );
}
