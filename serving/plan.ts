// From a question to the lists that may answer it. Pure: everything that one request needs is known before anything is read.
import type { ItemCard } from '../lists/index.ts';
import type { Placement } from '../schemas/list-settings.ts';
import { ladderOf, type Step } from './ladder.ts';
import type { Parameters } from './parameters.ts';
import type { Placements } from './placements.ts';
import { ProblemError } from './problem.ts';

/** What one answer is asked for. */
export interface Question {
  /** The address's own placement, where the parameters name none. */
  readonly placement: string;
  /** Valid, with what the address says among them. */
  readonly parameters: Parameters;
  /** What stands before a parameter's name where something is wrong with it, e.g. `requests[0].`. */
  readonly place?: string;
}

/** Segments of categories that one ladder has at most. */
const MAX_CATEGORIES = 5;

/** What is asked of which placement, and the lists that may answer. */
export interface Plan {
  readonly name: string;
  readonly placement: Placement;
  readonly parameters: Parameters;
  readonly ladder: readonly Step[];
}

/**
 * The plan of a question.
 * @param cards That of the item that the question is about, where it is known.
 * @throws {ProblemError} for a placement that is not known, or off.
 */
export function planOf(
  { placement: own, parameters, place = '' }: Question,
  placements: Placements,
  cards: ReadonlyMap<string, ItemCard>,
  nowMs: number,
): Plan {
  const name = parameters.placement ?? own;
  const placement = placements.get(name);
  if (placement === undefined) {
    const parameter = `${place}placement`;
    throw new ProblemError('invalid-parameter', `${parameter} must be one that the shop has set.`, parameter);
  }
  if (!placement.isOn) throw new ProblemError('not-found', 'This placement is off.');
  const { visitor, session, item, inCart = [], category, region, device } = parameters;
  const categories = category ?? (item === undefined ? [] : (cards.get(item)?.categories ?? []));
  const ladder = ladderOf(placement, {
    visitor,
    session,
    items: [...new Set(item === undefined ? inCart : [item, ...inCart])],
    categories: categories.slice(-MAX_CATEGORIES),
    region,
    device,
    nowMs,
  });
  return { name, placement, parameters, ladder };
}
