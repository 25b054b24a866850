// The fallback ladder: which stored lists may answer a request, best first. The first that gives items is the one that served
// (`rung`), the ones after it top up what filtering took away. All of it is a pure function of the request and the clock, so the
// whole ladder is read in one round trip and nothing is asked twice.
import { listKey } from '../lists/index.ts';

/** Which step of the ladder an item came from. */
export type Rung = 'visitor' | 'session' | 'item' | 'segment' | 'global';

/** A list that may answer. */
export interface Step {
  readonly rung: Rung;
  readonly key: string;
}

/** What a request says about where and who the shopper is. */
export interface Situation {
  /** Several for an item in several categories, the narrowest last. */
  readonly categories: readonly string[];
  readonly region: string | undefined;
  readonly device: string | undefined;
  /** Adds the segment of the hour; `undefined` leaves it out, where the caller asks for a segment by name. */
  readonly nowMs: number | undefined;
}

/** Hours in a band of the `hour=` segments; six bands of UTC a day, as the popularity processor counts them. */
const HOURS_PER_BAND = 4;
const MS_PER_HOUR = 3_600_000;

/** Variant of a list until an experiment says another. */
const VARIANT = 'default';

/** Number of the 4-hour band of UTC that `nowMs` is in: 0 to 5. */
export function hourBand(nowMs: number): number {
  return Math.floor((Math.floor(nowMs / MS_PER_HOUR) % 24) / HOURS_PER_BAND);
}

/** Segment lists of one definition, the most telling segment first: category, region, device, hour of the day, everybody. */
export function segmentSteps(definition: string, situation: Situation): Step[] {
  const segments: string[] = [];
  for (let i = situation.categories.length - 1; i >= 0; i--) segments.push(`category=${situation.categories[i]!}`);
  if (situation.region !== undefined) segments.push(`region=${situation.region}`);
  if (situation.device !== undefined) segments.push(`device=${situation.device}`);
  if (situation.nowMs !== undefined) segments.push(`hour=${hourBand(situation.nowMs)}`);
  const steps: Step[] = segments.map((segment) => ({
    rung: 'segment',
    key: listKey('segment', definition, VARIANT, segment),
  }));
  steps.push({ rung: 'global', key: listKey('segment', definition, VARIANT, 'global') });
  return steps;
}

/** What may answer "recommendations for this visitor". */
export function visitorLadder(visitorId: string, sessionId: string | undefined, situation: Situation): Step[] {
  const steps: Step[] = [{ rung: 'visitor', key: listKey('visitor', 'for-you', VARIANT, visitorId) }];
  if (sessionId !== undefined) {
    steps.push({ rung: 'session', key: listKey('session', 'for-you', VARIANT, sessionId) });
  }
  return steps.concat(segmentSteps('popular', situation));
}

/** What may answer `similar` or `bought-together` of an item. */
export function itemLadder(definition: string, itemId: string, situation: Situation): Step[] {
  const own: Step = { rung: 'item', key: listKey('item', definition, VARIANT, itemId) };
  return [own, ...segmentSteps('popular', situation)];
}

/** What may answer `popular` or `trending`. A shop too young to have a trend shows what is popular. */
export function segmentLadder(definition: 'popular' | 'trending', situation: Situation): Step[] {
  const steps = segmentSteps(definition, situation);
  return definition === 'popular' ? steps : steps.concat(segmentSteps('popular', situation));
}
