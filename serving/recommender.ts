// Answers questions from the list port: one round trip for every list of all their ladders and the visitors' blocks, then pure choosing.
// Cards cost a second round trip only when they are not in memory and are asked for, or a filter, a cap or an exclusion needs them.
// A list is decoded when the ladder comes to it, and no earlier, unless such a need asks for all of them.
import { type Clock, type Logger, type Metrics, RefusedRecordError } from '../engine/api/index.ts';
import {
  type ItemCard,
  type ListView,
  openList,
  type StoredEntry,
  type VisitorBlock,
  visitorBlockKey,
  visitorBlockSerde,
} from '../lists/index.ts';
import type { Placement } from '../schemas/list-settings.ts';
import { ageMs, allOf, type Cap, type Choice, choose, type FoundList, type FoundLists, listId } from './answer.ts';
import { combined } from './basket.ts';
import type { CampaignRules, Exclusions } from './campaign-rules.ts';
import { withoutEnded } from './ended-campaigns.ts';
import { type AnswerFilter, answerFilter } from './item-filter.ts';
import type { CardField } from './parameters.ts';
import type { Placements } from './placements.ts';
import { type Plan, planOf, type Question } from './plan.ts';
import { ProblemError } from './problem.ts';
import { decodedOnce } from './resilience/decoded-once.ts';
import type { ListReader } from './resilience/list-reader.ts';
import type { CardReading, SharedItems } from './shared-items.ts';
import type { ShownAnswer, ShownItem } from './shown-item.ts';

/** Answers in the order of the questions, and what they took. */
export interface Recommendations {
  readonly answers: readonly ShownAnswer[];
  /** The spans under which the served lists were made, as far as they were traced. */
  readonly traceparents: readonly string[];
  /** Of the round trip, ms. */
  readonly readMs: number;
}

export interface Recommender {
  /** @throws {ProblemError} for a placement that is not known or off, and where `strict` finds nothing of its own. */
  ask(questions: readonly Question[]): Promise<Recommendations>;
  /** The keys of the visitor's own lists behind a question. @throws as `ask` for placements. */
  keysOf(question: Question): readonly string[];
}

export interface RecommenderOptions {
  readonly reader: ListReader;
  readonly items: SharedItems;
  readonly campaigns: CampaignRules;
  readonly placements: Placements;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/** What was read for a plan. */
interface Read {
  readonly found: FoundLists;
  /** Those that were come to so far. */
  readonly decoded: readonly FoundList[];
  readonly block: Block | undefined;
}

type Cards = ReadonlyMap<string, ItemCard>;

/** By what an answer's items are chosen besides their lists. */
interface Rules {
  readonly filter: AnswerFilter;
  readonly exclusions: Exclusions | undefined;
  readonly needCards: boolean;
}

/** What there is to answer with. */
interface Case {
  readonly plan: Plan;
  readonly read: Read;
  readonly isDegraded: boolean;
  readonly nowMs: number;
}

const nobodyHides: ReadonlySet<string> = new Set();
const NO_CARDS: CardReading = { cards: new Map(), isDegraded: false };

function pick(card: ItemCard, fields: readonly CardField[]): Partial<Pick<ItemCard, CardField>> {
  return Object.fromEntries(fields.filter((field) => card[field] !== undefined).map((field) => [field, card[field]]));
}

function capsOf({ diversity = {} }: Placement, cards: Cards | undefined): Cap[] {
  const { maxPerCategory, maxPerBrand } = diversity;
  return [
    ...(maxPerCategory === undefined
      ? []
      : [{ most: maxPerCategory, keyOf: (id: string) => cards?.get(id)?.categories.at(-1) }]),
    ...(maxPerBrand === undefined ? [] : [{ most: maxPerBrand, keyOf: (id: string) => cards?.get(id)?.brand }]),
  ];
}

/** What may not be shown to a visitor, ready to be asked for. */
interface Block extends VisitorBlock {
  readonly hidden: ReadonlySet<string>;
}

export function createRecommender(options: RecommenderOptions): Recommender {
  const { reader, items, campaigns, placements, clock, metrics, logger } = options;
  const unreadable = metrics.counter('freshet.values.unreadable');

  function read<V>(decode: (value: Uint8Array) => V, value: Uint8Array): V | undefined {
    try {
      return decode(value);
    } catch (error) {
      if (!(error instanceof RefusedRecordError)) throw error;
      unreadable.add(1);
      logger.warn('published-value-unreadable', { code: error.code });
      return undefined;
    }
  }

  const readList = (bytes: Uint8Array): ListView | undefined => read(openList, bytes);
  const readBlock = (bytes: Uint8Array): Block | undefined => {
    const block = read(visitorBlockSerde.deserialize, bytes);
    return block && { ...block, hidden: new Set(block.items) };
  };

  function listOf(keys: readonly string[], entries: ReadonlyMap<string, StoredEntry>) {
    const lists: ListView[] = [];
    let version = 0;
    for (const key of keys) {
      const entry = entries.get(key);
      const list = entry === undefined ? undefined : decodedOnce(entry, readList);
      if (entry === undefined || list === undefined) continue;
      lists.push(list);
      if (entry.version > version) version = entry.version;
    }
    return lists.length === 0 ? undefined : { list: combined(lists), version };
  }

  function readOf({ ladder, parameters }: Plan, entries: ReadonlyMap<string, StoredEntry>, nowMs: number): Read {
    const isActive = (campaignId: string): boolean => campaigns.isActive(campaignId, nowMs);
    const decoded: FoundList[] = [];
    let next = 0;
    const found = (i: number): FoundList | undefined => {
      while (decoded.length <= i && next < ladder.length) {
        const { rung, definition, keys, place } = ladder[next++]!;
        const there = listOf(keys, entries);
        if (there === undefined) continue;
        const list = withoutEnded(there.list, isActive);
        decoded.push({ rung, definition, place, key: keys.join('\n'), version: there.version, list });
      }
      return decoded[i];
    };
    const { visitor } = parameters;
    const stored = visitor === undefined ? undefined : entries.get(visitorBlockKey(visitor));
    const block = stored === undefined ? undefined : decodedOnce(stored, readBlock);
    return { found, decoded, block };
  }

  function rulesOf({ name, placement, parameters }: Plan, { block }: Read, nowMs: number): Rules {
    const names = [name, ...placement.lists.map(({ definition }) => definition)];
    const shopper = {
      segments: block?.segments ?? [],
      region: parameters.region ?? block?.region,
      device: parameters.device ?? block?.device,
    };
    const exclusions = campaigns.exclusions(names, shopper, nowMs);
    const filter = answerFilter(placement, parameters);
    const needCards = filter.needCards || placement.diversity !== undefined || exclusions?.needCards === true;
    return { filter, exclusions, needCards };
  }

  function choice({ plan, read: { found, block }, isDegraded, nowMs }: Case, rules: Rules, cards?: Cards): Choice {
    const { placement, parameters } = plan;
    const { filter, exclusions } = rules;
    const hidden = block?.hidden ?? nobodyHides;
    // An item of which a filter or an exclusion cannot tell, because its card cannot be read now, is not shown.
    const askCards = filter.needCards || exclusions?.needCards === true;
    const isUntold = (id: string): boolean => isDegraded && askCards && cards?.has(id) === false;
    const { item: about } = parameters;
    return choose(found, {
      n: parameters.n ?? placement.n,
      shares: placement.lists.map(({ max }) => max),
      caps: capsOf(placement, cards),
      isHidden: (id, score, { definition }) =>
        id === about ||
        // What is bought again has been bought.
        (definition !== 'buy-again' && hidden.has(id)) ||
        !items.isShowable(id, nowMs) ||
        isUntold(id) ||
        !filter.lets(id, score, cards?.get(id)) ||
        exclusions?.covers(id, cards?.get(id)) === true,
    });
  }

  function composed({ plan, isDegraded, nowMs }: Case, { served, chosen }: Choice, shown?: CardReading): ShownAnswer {
    const { name: placement, parameters } = plan;
    if (parameters.strict === true && !isDegraded && (served === undefined || served.place < 0))
      throw new ProblemError('nothing-own', 'There is no list of its own yet; without strict a fallback answers.');
    const { after, fields = [] } = parameters;
    const includesEvent =
      after === undefined
        ? undefined
        : { includesEvent: chosen.some(({ from: { list } }) => list.asOf.eventIds.includes(after)) };
    const degraded = isDegraded || shown?.isDegraded === true ? ({ degraded: true } as const) : undefined;
    if (served === undefined) return { placement, rung: 'none', ...includesEvent, ...degraded, items: [] };
    return {
      placement,
      listId: listId(served.key, served.version),
      definition: served.definition,
      rung: served.rung,
      variant: served.list.variant,
      asOf: served.list.asOf,
      ageMs: ageMs(served.list.asOf, nowMs),
      ...includesEvent,
      ...degraded,
      items: chosen.map(({ id, from: { list, rung }, place }): ShownItem => {
        const card = shown?.cards.get(id);
        return {
          list,
          place,
          rung: rung === served.rung ? undefined : rung,
          fields: card === undefined ? undefined : pick(card, fields),
        };
      }),
    };
  }

  async function withCards(one: Case, rules: Rules, fields: readonly CardField[]): Promise<ShownAnswer> {
    const listed = (): string[] => allOf(one.read.found).flatMap(({ list }) => list.ids);
    const known = rules.needCards ? await items.cards([...new Set(listed())]) : undefined;
    const withKnown = known?.isDegraded === true ? { ...one, isDegraded: true } : one;
    const chosen = choice(withKnown, rules, known?.cards);
    const shown = fields.length === 0 ? undefined : await items.cards(chosen.chosen.map(({ id }) => id));
    return composed(withKnown, chosen, shown);
  }

  /** At once, unless cards are needed, which may have to be read. */
  function answer(one: Case): ShownAnswer | Promise<ShownAnswer> {
    const rules = rulesOf(one.plan, one.read, one.nowMs);
    const { fields = [] } = one.plan.parameters;
    return rules.needCards || fields.length > 0 ? withCards(one, rules, fields) : composed(one, choice(one, rules));
  }

  return {
    keysOf: (question) =>
      planOf(question, placements, new Map(), clock.nowMs()).ladder.flatMap(({ keys, rung }) =>
        rung === 'visitor' ? keys : [],
      ),
    async ask(questions) {
      // An item's own card tells its categories; it is nearly always in memory.
      const about = questions.flatMap(({ parameters }) => parameters.item ?? []);
      const { cards } = about.length === 0 ? NO_CARDS : await items.cards(about);
      const plans = questions.map((question) => planOf(question, placements, cards, clock.nowMs()));
      const keys = new Set<string>();
      for (const { ladder, parameters } of plans) {
        for (const step of ladder) for (const key of step.keys) keys.add(key);
        if (parameters.visitor !== undefined) keys.add(visitorBlockKey(parameters.visitor));
      }
      const wanted = [...keys];
      const startMs = performance.now();
      const { entries, isDegraded } = await reader.read(wanted);
      const readMs = performance.now() - startMs;
      const byKey = new Map<string, StoredEntry>();
      wanted.forEach((key, i) => {
        const entry = entries[i];
        if (entry !== undefined) byKey.set(key, entry);
      });
      const nowMs = clock.nowMs();
      const reads = plans.map((each) => readOf(each, byKey, nowMs));
      const given = plans.map((plan, i) => answer({ plan, read: reads[i]!, isDegraded, nowMs }));
      const answers = given.some((each) => each instanceof Promise)
        ? await Promise.all(given)
        : (given as ShownAnswer[]);
      const traceparents = reads.flatMap(({ decoded }) => decoded[0]?.list.traceparent ?? []);
      return { answers, traceparents, readMs };
    },
  };
}
