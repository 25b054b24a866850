// What an evaluation on events remembers of visitors beside the engine: their last items and sessions, for baselines, and whether there
// is anything that a question could be answered from.

import type { Click, Purchase } from '../../schemas/index.ts';
import type { AskStep, LearnStep } from './steps.ts';

/** Items of a visitor that baselines are asked with. */
const QUERY_ITEMS = 10;
/** Visitors that are remembered; the one who was seen first goes first. */
const MOST_VISITORS = 200_000;
/** A pause longer than this begins a new session, as in the engine. */
const SESSION_GAP_MS = 30 * 60_000;

/** Kinds of clicks by which a visitor chooses an item. */
const LOOKS: ReadonlySet<Click['kind']> = new Set(['view', 'listClick'] as const);
/** Kinds of clicks that say nothing for an item. */
const NO_CHOICE: ReadonlySet<Click['kind']> = new Set([
  'search',
  'removeFromCart',
  'dislike',
  'dwell',
  'rate',
] as const);

interface VisitorSoFar {
  /** Last items, oldest first. */
  items: string[];
  /** Number of events in the session that were about an item. */
  length: number;
  session: string;
  sessionId: string | undefined;
  lastAt: number;
  sessions: number;
}

/** Visitors as events go by. */
export class EventVisits {
  readonly #visitors = new Map<string, VisitorSoFar>();

  /** What an event answers; `undefined` where it answers nothing. */
  questionOf({ topic, value, at }: LearnStep): AskStep | undefined {
    if (value === null) return undefined;
    if (topic === 'clicks') {
      const { visitorId, itemId, kind, sessionId } = value as Click;
      const known = this.#visitors.get(visitorId);
      if (known === undefined || itemId === null || !LOOKS.has(kind) || known.items.at(-1) === itemId) return undefined;
      return ask('next click', visitorId, at, [itemId], known, goesOn(known, sessionId, at));
    }
    if (topic !== 'purchases') return undefined;
    const purchase = value as Purchase;
    const visitorId = visitorOf(purchase);
    const known = this.#visitors.get(visitorId);
    if (known === undefined || purchase.status !== 'placed') return undefined;
    return ask('next order', visitorId, at, itemsOf(purchase), known, goesOn(known, purchase.sessionId, at));
  }

  /** Takes an event in, and says what baselines learn of it. */
  noted(step: LearnStep): LearnStep {
    const { topic, value, at } = step;
    if (value === null) return step;
    if (topic === 'clicks') {
      const { visitorId, itemId, kind, sessionId } = value as Click;
      if (itemId === null || NO_CHOICE.has(kind)) return step;
      return this.#extended(step, visitorId, sessionId, at, [itemId]);
    }
    if (topic !== 'purchases' || (value as Purchase).status !== 'placed') return step;
    const purchase = value as Purchase;
    return this.#extended(step, visitorOf(purchase), purchase.sessionId, at, itemsOf(purchase));
  }

  #extended(
    step: LearnStep,
    visitorId: string,
    sessionId: string | null,
    at: number,
    items: readonly string[],
  ): LearnStep {
    let known = this.#visitors.get(visitorId);
    if (known === undefined) {
      known = {
        items: [],
        length: 0,
        session: '',
        sessionId: undefined,
        lastAt: Number.NEGATIVE_INFINITY,
        sessions: 0,
      };
      this.#visitors.set(visitorId, known);
      if (this.#visitors.size > MOST_VISITORS) this.#visitors.delete(this.#visitors.keys().next().value!);
    }
    if (!goesOn(known, sessionId, at)) {
      known.session = `${visitorId}\0${known.sessions++}`;
      known.sessionId = undefined;
      known.length = 0;
    }
    known.sessionId ??= sessionId ?? undefined;
    known.lastAt = Math.max(known.lastAt, at);
    // What was dealt with last once more, e.g. put into the cart after it was looked at, is no further step.
    const further = items.filter((item) => item !== known.items.at(-1));
    known.items = [...known.items, ...further].slice(-QUERY_ITEMS);
    known.length += further.length;
    return { ...step, visit: { session: known.session, items: further } };
  }
}

/** Whether an event belongs to the visitor's session, by the engine's rule. */
function goesOn({ sessionId: current, lastAt }: VisitorSoFar, sessionId: string | null, at: number): boolean {
  return sessionId !== null && current !== undefined ? sessionId === current : at - lastAt <= SESSION_GAP_MS;
}

function ask(
  task: string,
  visitorId: string,
  at: number,
  targets: readonly string[],
  { length, items }: VisitorSoFar,
  isInSession: boolean,
): AskStep {
  const history = isInSession ? length : 0;
  return { kind: 'ask', task, visitorId, since: [], at, targets, history, query: [...items] };
}

function visitorOf({ visitorId, userId }: Purchase): string {
  return visitorId ?? `user:${userId}`;
}

function itemsOf({ lines }: Purchase): string[] {
  return [...new Set(lines.map(({ itemId }) => itemId))];
}
