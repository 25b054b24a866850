// What a setting may say of how a list is made: the body of a definition such as `for-you`.

import { z } from 'zod';

const weight = z.number().min(0).max(10);
const cap = z.int().min(1).max(1000);

/** How a visitor's list is made, each with its default. */
export const listTuningBody = z.strictObject({
  /** What ranks related items; a cheaper one stands in while a task is behind, F2 until the learned ranking has learned. */
  algorithm: z.enum(['f1', 'f2', 'learned']).default('learned'),
  /** Share of content beside related items, 0 to 1. */
  contentShare: z.number().min(0).max(1).default(0.3),
  /** What an item that meets all preferences gains, as a share of the list's best score. */
  tasteWeight: weight.default(0.1),
  /** What the most popular item of the visitor's surroundings gains, as a share of the list's best score. */
  contextWeight: weight.default(0.03),
  /** What a twin of a better item loses, as a share of the list's best score; 0: no diversity. */
  diversity: z.number().min(0).max(1).default(0.03),
  /**
   * What the item that the visitor buys most often gains, as a share of the list's best score: for goods that are bought again. 0: what was
   * bought is in no list of the visitor.
   */
  boughtAgainWeight: weight.default(0),
  /** Most items of one brand, and of one category, among the first 20. */
  mostOfBrand: cap.default(10),
  mostOfCategory: cap.default(16),
  /** Share of a list's places that are given to items about which little is known. */
  explorationShare: z.number().min(0).max(0.5).default(0.05),
  /** After so many impressions without a click (each halved with three days of age) an item makes room. */
  mostUnclicked: z.number().min(1).max(1000).default(3),
});

/** How a visitor's list is made, with everything filled in. */
export type ListTuning = z.infer<typeof listTuningBody>;

/** For every definition that sets nothing else. */
export const DEFAULT_TUNING: ListTuning = listTuningBody.parse({});
