// What can be set for a list definition: how much each source and each step counts.

/** How a list of visitors is made. */
export interface ListTuning {
  /** Share of content beside related items, 0 to 1. */
  readonly contentShare: number;
  /** What an item that meets all preferences gains, as a share of the list's best score; 0 or more. */
  readonly tasteWeight: number;
  /** What the most popular item of the visitor's surroundings gains, as a share of the list's best score; 0 or more. */
  readonly contextWeight: number;
  /** What a twin of a better item loses, as a share of the list's best score, 0 (no diversity) to 1. */
  readonly diversity: number;
  /** Most items of one brand, and of one category, among the first 20. */
  readonly mostOfBrand: number;
  readonly mostOfCategory: number;
  /** Share of a list's places that are given to items about which little is known, 0 to 0.5. */
  readonly explorationShare: number;
  /** After so many impressions without a click (each halved with three days of age) an item makes room; more than 0. */
  readonly mostUnclicked: number;
}

/** The tuning of a list definition. */
export type TuningOf = (definition: string) => ListTuning;

/** For every definition that sets nothing else. */
export const DEFAULT_TUNING: ListTuning = {
  contentShare: 0.3,
  tasteWeight: 0.1,
  contextWeight: 0.03,
  diversity: 0.05,
  mostOfBrand: 8,
  mostOfCategory: 14,
  explorationShare: 0.05,
  mostUnclicked: 3,
};
