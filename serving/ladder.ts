// The fallback ladder: which stored lists may answer a request, best first. The first that gives items is the one that served
// (`rung`), the ones after it top up what filtering took away. All of it is a pure function of the placement, the request and the
// clock, so the whole ladder is read in one round trip and nothing is asked twice.
import { listKey } from '../lists/index.ts';
import type { ListDefinition, Placement } from '../schemas/list-settings.ts';

/** Which step of the ladder an item came from. */
export type Rung = 'visitor' | 'session' | 'item' | 'segment' | 'global';

/** Lists that may answer: one, or those of a basket's items, which are combined. */
export interface Step {
  readonly rung: Rung;
  readonly definition: ListDefinition;
  /** Not empty. */
  readonly keys: readonly string[];
  /** Place of the list in the placement that the step stands for; -1 for a fallback. */
  readonly place: number;
}

/** What a request says about where and who the shopper is. */
export interface Situation {
  readonly visitor?: string | undefined;
  readonly session?: string | undefined;
  /** Items that lists of items are about: one, or a basket. */
  readonly items: readonly string[];
  /** Several for an item in several categories, the narrowest last. */
  readonly categories: readonly string[];
  readonly region?: string | undefined;
  readonly device?: string | undefined;
  readonly nowMs: number;
}

/** Hours in a band of the `hour=` segments; six bands of UTC a day, as the popularity processor counts them. */
const HOURS_PER_BAND = 4;
const MS_PER_HOUR = 3_600_000;

/** Variant of a list until an experiment says another. */
const VARIANT = 'default';
const FALLBACK = -1;

/** Number of the 4-hour band of UTC that `nowMs` is in: 0 to 5. */
export function hourBand(nowMs: number): number {
  return Math.floor((Math.floor(nowMs / MS_PER_HOUR) % 24) / HOURS_PER_BAND);
}

/** Whether a definition's lists are of segments. */
function isOfSegments(definition: ListDefinition): definition is 'popular' | 'trending' {
  return definition === 'popular' || definition === 'trending';
}

/** Segment lists of one definition, the most telling segment first: category, region, device, hour of the day, everybody. */
function segmentSteps(
  definition: 'popular' | 'trending',
  { categories, region, device, nowMs }: Situation,
  withHour: boolean,
  place: number,
): Step[] {
  const segments: string[] = [];
  for (let i = categories.length - 1; i >= 0; i--) segments.push(`category=${categories[i]!}`);
  if (region !== undefined) segments.push(`region=${region}`);
  if (device !== undefined) segments.push(`device=${device}`);
  if (withHour) segments.push(`hour=${hourBand(nowMs)}`);
  const step = (rung: Rung, segment: string): Step => {
    return { rung, definition, keys: [listKey('segment', definition, VARIANT, segment)], place };
  };
  return [...segments.map((segment) => step('segment', segment)), step('global', 'global')];
}

/** The lists that stand for one definition. None where the request does not say whose. */
function ownSteps(definition: ListDefinition, situation: Situation, place: number): Step[] {
  const { visitor, session, items } = situation;
  const step = (rung: 'visitor' | 'session', owner: string): Step => {
    return { rung, definition, keys: [listKey(rung, definition, VARIANT, owner)], place };
  };
  switch (definition) {
    case 'for-you':
      return [
        ...(visitor === undefined ? [] : [step('visitor', visitor)]),
        ...(session === undefined ? [] : [step('session', session)]),
      ];
    case 'recently-viewed':
    case 'buy-again':
      return visitor === undefined ? [] : [step('visitor', visitor)];
    case 'similar':
    case 'bought-together': {
      const keys = items.map((item) => listKey('item', definition, VARIANT, item));
      return keys.length === 0 ? [] : [{ rung: 'item', definition, keys, place }];
    }
    case 'popular':
    case 'trending':
      // Whoever asks for a segment by name does not ask for what is popular at this hour.
      return segmentSteps(definition, situation, false, place);
  }
}

/** Fallbacks of a placement for who says nothing of category, region and device, with the hour band that they are for. */
const plainFallbacks = new WeakMap<Placement, { readonly band: number; readonly steps: readonly Step[] }>();

function fallbackSteps(placement: Placement, situation: Situation): readonly Step[] {
  const { lists, fallbacks } = placement;
  const { categories, region, device, nowMs } = situation;
  const isPlain = categories.length === 0 && region === undefined && device === undefined;
  const band = hourBand(nowMs);
  const known = isPlain ? plainFallbacks.get(placement) : undefined;
  if (known?.band === band) return known.steps;
  const withHour = !lists.every(({ definition }) => isOfSegments(definition));
  const steps = fallbacks.flatMap((definition) => segmentSteps(definition, situation, withHour, FALLBACK));
  if (isPlain) plainFallbacks.set(placement, { band, steps });
  return steps;
}

/** What may answer for a placement: its lists in their order, then its fallbacks. */
export function ladderOf(placement: Placement, situation: Situation): Step[] {
  const steps = placement.lists.flatMap(({ definition }, place) => ownSteps(definition, situation, place));
  return steps.concat(fallbackSteps(placement, situation));
}
