// What the console shows of the engine at one moment: plain JSON, sent once a second to every open page. All of it is measured
// anyway; making a view must cost no more than reading some numbers.

/** A source or internal topic as the engine sees it. */
export interface StreamView {
  readonly topic: string;
  /** Written by the engine itself, so not counted among the shop's events. */
  readonly isInternal: boolean;
  /** Records processed since the start. */
  readonly records: number;
  readonly perSecond: number;
  /** Records that are in the log and not processed yet, over all partitions. */
  readonly lag: number;
}

/** Size of one store over all tasks. */
export interface StoreView {
  readonly store: string;
  readonly keys: number;
  readonly bytes: number;
  /** Bytes of it that are held decoded in memory. */
  readonly cacheBytes: number;
}

export type TopologyNodeKind = 'source' | 'processor' | 'sink' | 'store' | 'global-store' | 'topic';

/** A node of the drawing. Names are unique over all kinds. */
export interface TopologyNode {
  readonly name: string;
  readonly kind: TopologyNodeKind;
}

/** A record that went to the dead letters. */
export interface RefusedView {
  /** When it was refused, epoch ms. */
  readonly at: number;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly code: string;
  readonly text: string;
}

/** How good the visitors' lists by one algorithm are, see processors/live-quality.ts. */
export interface QualityView {
  readonly algorithm: string;
  /** At 20, 0 to 1, decayed over days of event time. */
  readonly hitRate: number;
  readonly mrr: number;
  /** Looks that the two are means over, decayed. */
  readonly looks: number;
}

/** The engine at one moment. */
export interface EngineView {
  /** Status of the engine in its own words, e.g. `RUNNING`. */
  readonly status: string;
  /** How it was started, e.g. `embedded, simulated shop`. */
  readonly mode: string;
  readonly uptimeMs: number;
  readonly streams: readonly StreamView[];
  /** From an event's append to the publication of the lists that it changed, over the last `windowMs`. */
  readonly latency: {
    /** `undefined` while nothing was measured. */
    readonly p50Ms: number | undefined;
    readonly p99Ms: number | undefined;
    readonly count: number;
    readonly windowMs: number;
  };
  /** By algorithm, in the order of their names; empty before the first look. */
  readonly quality: readonly QualityView[];
  readonly stores: readonly StoreView[];
  readonly topology: {
    readonly nodes: readonly TopologyNode[];
    readonly edges: readonly { readonly from: string; readonly to: string }[];
  };
  /** Newest first, at most 20. */
  readonly refused: readonly RefusedView[];
  readonly counters: Readonly<Record<string, number>>;
  readonly process: {
    readonly rssBytes: number;
    /** 100 is one core. */
    readonly cpuPercent: number;
    readonly eventLoopDelayP99Ms: number;
  };
  /** `undefined` when no simulated shop runs. */
  readonly shop: { readonly eventsPerSecond: number } | undefined;
}
