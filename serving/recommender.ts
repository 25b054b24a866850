// Answers a request from the list port: one round trip for every list of the ladder and the visitor's block, then pure choosing. Cards
// cost a second round trip only when they are not in memory and are asked for, or an exclusion names more than items.
import { type Clock, type Logger, type Metrics, RefusedRecordError, type Serde } from '../engine/api/index.ts';
import {
  type AsOf,
  type ItemCard,
  type Reason,
  topListSerde,
  visitorBlockKey,
  visitorBlockSerde,
} from '../lists/index.ts';
import { ageMs, choose, type FoundList, listId } from './answer.ts';
import type { CampaignRules, Shopper } from './campaign-rules.ts';
import { withoutEnded } from './ended-campaigns.ts';
import { itemLadder, type Rung, type Situation, type Step, segmentLadder, visitorLadder } from './ladder.ts';
import type { CardField, Parameters } from './parameters.ts';
import { reasonText } from './reason-text.ts';
import type { ListReader } from './resilience/list-reader.ts';
import type { SharedItems } from './shared-items.ts';

/** A reason and its words. */
export interface AnswerReason extends Reason {
  /** For shoppers, e.g. `Because you viewed Trail Lantern`. */
  readonly text: string;
}

/** An item of an answer. */
export interface AnswerItem {
  readonly id: string;
  /** Comparable within one rung only. */
  readonly score: number;
  /** Where it came from, when that is not the answer's own rung: filtering had left too few. */
  readonly rung?: Rung;
  readonly reasons: readonly AnswerReason[];
  /** What `fields` asked for; absent when it asked for nothing, or the item has no card. */
  readonly item?: Partial<Pick<ItemCard, CardField>>;
}

/** The JSON of every list endpoint. Without any item, `rung` is `none` and the list's own fields are absent. */
export interface Answer {
  /** Names the list and its version; to be sent back with clicks and impressions. */
  readonly listId?: string;
  /** The first step of the ladder that gave items. */
  readonly rung: Rung | 'none';
  /** The list store did not answer in time: the answer is made of what the endpoint remembers. */
  readonly degraded?: true;
  /** The newest event in the served list. */
  readonly asOf?: AsOf;
  /** Time from that event to this answer; a later reader adds its own waiting, or subtracts `asOf.at` from its clock. */
  readonly ageMs?: number;
  readonly items: readonly AnswerItem[];
}

/** The questions that can be asked. Ids are valid already. */
export interface Recommender {
  forVisitor(visitorId: string, parameters: Parameters): Promise<Answer>;
  forItem(definition: 'similar' | 'bought-together', itemId: string, parameters: Parameters): Promise<Answer>;
  forSegment(definition: 'popular' | 'trending', parameters: Parameters): Promise<Answer>;
}

export interface RecommenderOptions {
  readonly reader: ListReader;
  readonly items: SharedItems;
  readonly campaigns: CampaignRules;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

const nobodyHides: ReadonlySet<string> = new Set();

function idsOf(found: readonly FoundList[]): string[] {
  return [...new Set(found.flatMap(({ list }) => list.items.map(({ id }) => id)))];
}

function pick(card: ItemCard, fields: readonly CardField[]): Partial<Pick<ItemCard, CardField>> {
  return Object.fromEntries(fields.filter((field) => card[field] !== undefined).map((field) => [field, card[field]]));
}

export function createRecommender(options: RecommenderOptions): Recommender {
  const { reader, items, campaigns, clock, metrics, logger } = options;
  const unreadable = metrics.counter('serving.values.unreadable');

  function read<V>(serde: Serde<V>, value: Uint8Array): V | undefined {
    try {
      return serde.deserialize(value);
    } catch (error) {
      if (!(error instanceof RefusedRecordError)) throw error;
      unreadable.add(1);
      logger.warn('published-value-unreadable', { code: error.code });
      return undefined;
    }
  }

  async function answer(
    placement: string,
    ladder: readonly Step[],
    parameters: Parameters,
    hiding: { readonly visitorId?: string | undefined; readonly itemId?: string },
  ): Promise<Answer> {
    const keys = ladder.map((step) => step.key);
    if (hiding.visitorId !== undefined) keys.push(visitorBlockKey(hiding.visitorId));
    const { entries, isDegraded } = await reader.read(keys);
    const nowMs = clock.nowMs();
    const isActive = (campaignId: string): boolean => campaigns.isActive(campaignId, nowMs);

    const found: FoundList[] = [];
    ladder.forEach(({ rung, key }, i) => {
      const entry = entries[i];
      const list = entry === undefined ? undefined : read(topListSerde, entry.value);
      if (entry === undefined || list === undefined) return;
      const current = { ...list, items: withoutEnded(list.items, isActive) };
      found.push({ rung, key, version: entry.version, list: current });
    });
    const blockEntry = hiding.visitorId === undefined ? undefined : entries[ladder.length];
    const block = blockEntry === undefined ? undefined : read(visitorBlockSerde, blockEntry.value);
    const hidden = block === undefined ? nobodyHides : new Set(block.items);

    const shopper: Shopper = {
      segments: block?.segments ?? [],
      region: parameters.region ?? block?.region,
      device: parameters.device ?? block?.device,
    };
    const exclusions = campaigns.exclusions(placement, shopper, nowMs);
    const known = exclusions?.needCards === true ? await items.cards(idsOf(found)) : undefined;
    const { served, chosen } = choose(
      found,
      parameters.n,
      (itemId) =>
        itemId === hiding.itemId ||
        hidden.has(itemId) ||
        !items.isShowable(itemId, nowMs) ||
        exclusions?.covers(itemId, known?.get(itemId)) === true,
    );
    const degraded = isDegraded ? ({ degraded: true } as const) : undefined;
    if (served === undefined) return { rung: 'none', ...degraded, items: [] };

    const { fields } = parameters;
    const cards = fields.length === 0 ? undefined : await items.cards(chosen.map(({ item }) => item.id));
    return {
      listId: listId(served.key, served.version),
      rung: served.rung,
      ...degraded,
      asOf: served.list.asOf,
      ageMs: ageMs(served.list.asOf, nowMs),
      items: chosen.map(({ item, rung }): AnswerItem => {
        const card = cards?.get(item.id);
        return {
          id: item.id,
          score: item.score,
          ...(rung !== served.rung && { rung }),
          reasons: item.reasons.map((reason) => ({ ...reason, text: reasonText(reason) })),
          ...(card !== undefined && { item: pick(card, fields) }),
        };
      }),
    };
  }

  const situation = ({ category, region, device }: Parameters): Situation => ({
    categories: category === undefined ? [] : [category],
    region,
    device,
    nowMs: clock.nowMs(),
  });

  return {
    forVisitor: (visitorId, parameters) =>
      answer('for-you', visitorLadder(visitorId, parameters.session, situation(parameters)), parameters, { visitorId }),
    async forItem(definition, itemId, parameters) {
      // The item's own card tells its categories; it is nearly always in memory.
      const card = (await items.cards([itemId])).get(itemId);
      const categories = card?.categories ?? [];
      const ladder = itemLadder(definition, itemId, { ...situation(parameters), categories });
      return answer(definition, ladder, parameters, {
        itemId,
        visitorId: parameters.visitor,
      });
    },
    forSegment: (definition, parameters) =>
      answer(definition, segmentLadder(definition, { ...situation(parameters), nowMs: undefined }), parameters, {
        visitorId: parameters.visitor,
      }),
  };
}
