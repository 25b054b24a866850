/** Attributes of an instrument: few and bounded (a topic, a store, a code), never an id. */
export type MetricAttributes = Readonly<{ [name: string]: string | number }>;

/** A sum that only grows. */
export interface Counter {
  add(amount: number): void;
}

/** A distribution. */
export interface Histogram {
  /**
   * @param value In the unit that the instrument is declared with; durations are in seconds.
   * @param times How often it occurred. @defaultValue 1
   */
  record(value: number, times?: number): void;
}

/**
 * Where instruments come from. Creating one looks up a registry, so processors and stores make theirs once and keep them.
 * The same name and attributes give the same instrument.
 */
export interface Metrics {
  counter(name: string, attributes?: MetricAttributes): Counter;
  histogram(name: string, attributes?: MetricAttributes): Histogram;
  /**
   * `read` is called when the metrics are collected; NaN says nothing. A second gauge of the same name and attributes replaces the
   * first. Returns how to end it, for what does not last as long as the process; ending a gauge that was replaced does nothing.
   */
  gauge(name: string, read: () => number, attributes?: MetricAttributes): () => void;
}

const nothing = { add() {}, record() {} };

/** Counts nothing. */
export const silentMetrics: Metrics = { counter: () => nothing, histogram: () => nothing, gauge: () => () => {} };
