// Sessions of item ids, oldest first, as steps: a session is a visitor with one session. Events without times are spread evenly over a
// span, one session after the other.

import type { Click } from '../../schemas/index.ts';
import { type AskStep, bareItem, clicked, clickOf, type DataSet, listing, type Step } from './steps.ts';

/** Epoch ms at which a data set without times begins: 2025-01-01. Fixed, so that figures can be repeated. */
export const START_MS = Date.UTC(2025, 0, 1);
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

/** Sessions as a data set: all clicks in the order of their times, of equals in that of the sessions. */
export function sessionsDataSet(options: SessionsOptions): DataSet {
  const order = new ClickOrder(options.train, options.test);
  return {
    name: options.name,
    protocol: options.protocol,
    doneShare: () => order.doneShare,
    steps: () => steps(order, options),
  };
}

/** Sessions one after the other, and their clicks by time. */
class ClickOrder {
  readonly sessions: readonly Timed<AskedSession>[];
  /** Session of each click, and its place in it. */
  readonly #session: Int32Array;
  readonly #place: Int32Array;
  readonly #clicks: Int32Array;
  readonly #trained: number;
  #done = 0;

  constructor(train: readonly Timed<{ readonly items: readonly string[] }>[], test: readonly Timed<AskedSession>[]) {
    this.sessions = [...train.map((session) => ({ ...session, askedFrom: Number.POSITIVE_INFINITY })), ...test];
    this.#trained = train.length;
    const count = this.sessions.reduce((sum, { items }) => sum + items.length, 0);
    const times = new Float64Array(count);
    this.#session = new Int32Array(count);
    this.#place = new Int32Array(count);
    this.#clicks = Int32Array.from({ length: count }, (_, click) => click);
    let click = 0;
    for (const [number, session] of this.sessions.entries()) {
      for (let place = 0; place < session.items.length; place++) {
        this.#session[click] = number;
        this.#place[click] = place;
        times[click++] = session.times[place]!;
      }
    }
    this.#clicks.sort((a, b) => times[a]! - times[b]! || a - b);
  }

  get doneShare(): number {
    return this.#clicks.length === 0 ? 1 : this.#done / this.#clicks.length;
  }

  isTest(session: number): boolean {
    return session >= this.#trained;
  }

  *[Symbol.iterator](): Generator<readonly [session: number, place: number]> {
    for (this.#done = 0; this.#done < this.#clicks.length; this.#done++) {
      const click = this.#clicks[this.#done]!;
      yield [this.#session[click]!, this.#place[click]!];
    }
  }
}

async function* steps(order: ClickOrder, { protocol, askEvery }: SessionsOptions): AsyncGenerator<readonly Step[]> {
  const listed = new Set<string>();
  let part: Step[] = [];
  let questions = 0;
  for (const [number, place] of order) {
    const { items, times, askedFrom } = order.sessions[number]!;
    const name = `s${number}`;
    const isLearned = protocol === 'test-then-train' || !order.isTest(number);
    if (place >= askedFrom && questions++ % askEvery === 0) {
      const asked = question(name, items, place, times);
      part.push(isLearned ? { ...asked, visitorId: name, since: [] } : asked);
    }
    if (!isLearned) continue;
    const item = items[place]!;
    const at = times[place]!;
    if (!listed.has(item)) {
      listed.add(item);
      part.push(listing(bareItem(item, at)));
    }
    part.push(clicked(clickOf(name, item, at, `${name}.${place}`), { session: name, items: [item] }));
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
  const since: Click[] = query.map((item, i) => clickOf(session, item, times[i]!, `${session}.${i}`));
  const at = times[length - 1]!;
  const targets = [items[length]!];
  return { kind: 'ask', task: 'next click', visitorId: undefined, since, at, targets, history: length, query };
}
