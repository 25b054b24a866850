import type { Baseline } from './baseline.ts';
import { ItemKnn } from './item-knn.ts';
import { Popularity } from './popularity.ts';
import { SequentialRules } from './sequential-rules.ts';
import { VmisKnn } from './vmis-knn.ts';

/** All baselines, untaught. */
export function createBaselines(): Baseline[] {
  return [new Popularity(), new ItemKnn(), new SequentialRules(), new VmisKnn()];
}

export type { Baseline, BaselineSession, Scored } from './baseline.ts';
export { ItemKnn } from './item-knn.ts';
