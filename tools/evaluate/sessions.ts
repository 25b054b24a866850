// Sessions of item ids, oldest first, as steps: a session is a visitor with one session. Events without times are spread evenly over a
// span, one session after the other.

import type { Click } from '../../schemas/index.ts';
import { type AskStep, bareItem, clicked, type DataSet, listing, type Step, viewOf } from './steps.ts';

/** Epoch ms at which a data set without times begins: 2025-01-01. Fixed, so that figures can be repeated. */
export const START_MS = Date.UTC(2025, 0, 1);
/** Days over which events without times are spread, where nobody says otherwise. */
export const DEFAULT_SPAN_DAYS = 150;
const DAY_MS = 86_400_000;
/** Steps that are handed over at once. */
const STEPS_PER_PART = 5_000;

/** A session, and where it is asked about. */
export interface AskedSession {
  /** Oldest first. */
  readonly items: readonly string[];
  /** The first item that is asked for, by its place, at least 1; all behind it are, too. */
  readonly askedFrom: number;
}

/** With the times of its clicks, epoch ms. */
export type Timed<S extends { readonly items: readonly string[] }> = S & { readonly times: readonly number[] };

/** `train-then-test`: nothing is learned after the questions begin. `test-then-train`: each click is asked for, then learned. */
export type Protocol = 'train-then-test' | 'test-then-train';

export interface SessionsOptions {
  readonly name: string;
  readonly protocol: Protocol;
  /** Learned before the first question, in this order. */
  readonly train: readonly Timed<{ readonly items: readonly string[] }>[];
  readonly test: readonly Timed<AskedSession>[];
  /** One question in so many is asked. */
  readonly askEvery: number;
}

/** Times for sessions that have none: click after click, evenly over a span that begins at {@link START_MS}. */
export class EvenTimes {
  readonly #stepMs: number;
  #count = 0;

  /** @param clicks number of clicks in the whole span. */
  constructor(clicks: number, spanDays: number) {
    this.#stepMs = clicks === 0 ? 0 : (spanDays * DAY_MS) / clicks;
  }

  /** The next session's. */
  give<S extends { readonly items: readonly string[] }>(session: S): Timed<S> {
    return { ...session, times: session.items.map(() => Math.floor(START_MS + this.#stepMs * this.#count++)) };
  }
}

/** Sessions as a data set. */
export function sessionsDataSet(options: SessionsOptions): DataSet {
  const { name, protocol, train, test } = options;
  const clicks = [...train, ...test].reduce((sum, { items }) => sum + items.length, 0);
  return { name, protocol, stepCount: clicks, steps: () => steps(options) };
}

async function* steps({ protocol, train, test, askEvery }: SessionsOptions): AsyncGenerator<readonly Step[]> {
  const listed = new Set<string>();
  let part: Step[] = [];
  let questions = 0;
  const learn = (session: string, items: readonly string[], index: number, at: number) => {
    const item = items[index]!;
    if (!listed.has(item)) {
      listed.add(item);
      part.push(listing(bareItem(item, at)));
    }
    const visit = { session, items: [item] };
    part.push(clicked(viewOf(session, item, at, `${session}.${index}`), visit));
  };
  const isDue = () => questions++ % askEvery === 0;
  for (const [number, { items, times }] of train.entries()) {
    for (let i = 0; i < items.length; i++) learn(`s${number}`, items, i, times[i]!);
    if (part.length >= STEPS_PER_PART) {
      yield part;
      part = [];
    }
  }
  for (const [number, { items, times, askedFrom }] of test.entries()) {
    const session = `t${number}`;
    for (let i = 0; i < items.length; i++) {
      const isAsked = i >= askedFrom && isDue();
      if (protocol === 'train-then-test') {
        if (isAsked) part.push(question(session, items, i, times));
      } else {
        if (isAsked) part.push({ ...question(session, items, i, times), visitorId: session, since: [] });
        learn(session, items, i, times[i]!);
      }
    }
    if (part.length >= STEPS_PER_PART) {
      yield part;
      part = [];
    }
  }
  yield part;
}

/** What comes after the first `length` items, asked for a visitor of whom nothing was learned. */
function question(session: string, items: readonly string[], length: number, times: readonly number[]): AskStep {
  const query = items.slice(0, length);
  const since: Click[] = query.map((item, i) => viewOf(session, item, times[i]!, `${session}.${i}`));
  const at = times[length - 1]!;
  const targets = [items[length]!];
  return { kind: 'ask', task: 'next click', visitorId: undefined, since, at, targets, history: length, query };
}
