// The shop's placements, in memory: which lists fill a place of a page. Followed like campaigns, so a merchandiser's change counts from the
// next answer on.
//
// Invariant: of each placement the highest version wins, in whatever order changes are heard; without one the built-in stands.
import type { Logger } from '../engine/api/index.ts';
import { idBehind, type ListChange, PLACEMENT_PREFIX, placementSerde } from '../lists/index.ts';
import { BUILT_IN_PLACEMENTS, type Placement } from '../schemas/list-settings.ts';
import { readPublished } from './published.ts';
import type { ResilientLists } from './resilience/resilient-lists.ts';

/** Placements as they are now. */
export interface Placements {
  /** Reads all and listens from then on. */
  open(): Promise<void>;
  /** The placement in force; `undefined` where there is none of this name. */
  get(name: string): Placement | undefined;
}

const builtIn: ReadonlyMap<string, Placement> = new Map(Object.entries(BUILT_IN_PLACEMENTS));

export function createPlacements({
  lists,
  logger,
}: {
  readonly lists: Pick<ResilientLists, 'follow'>;
  readonly logger: Logger;
}): Placements {
  const known = new Map<string, { readonly version: number; readonly placement: Placement | undefined }>();

  function take({ key, value, version }: ListChange): void {
    const name = idBehind(PLACEMENT_PREFIX, key);
    if (name === undefined || (known.get(name)?.version ?? -1) > version) return;
    known.set(name, { version, placement: readPublished(placementSerde, value, logger) });
  }

  return {
    open: () => lists.follow(PLACEMENT_PREFIX, (changes) => changes.forEach(take)),
    get: (name) => known.get(name)?.placement ?? builtIn.get(name),
  };
}
