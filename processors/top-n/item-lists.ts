// Publishes the lists of an item, made from the record that goes to `neighbours` at the same moment: `similar` (dealt with in one
// session, in either order) and `bought-together` (in one order). Items that are not in the catalog or not available are left
// out. The lists' time is the newest event in the row; what is valid is decided at the task's stream time.

import type { ProcessorContext } from '../../engine/api/index.ts';
import { applyCampaigns, type CampaignScope, type Candidate, EVERYBODY } from '../campaigns.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import type { ItemListMaker, PublishedItem } from '../co-occurrence/list-maker.ts';
import { boughtTogetherScores } from '../scoring/bought-together.ts';
import { similarScores } from '../scoring/similar.ts';
import { ItemScores } from './item-scores.ts';
import { listed } from './reasons.ts';
import type { ListedItems, Reason } from './values.ts';
import { DEFAULT_VARIANT, type ListMakerOptions } from './visitor-lists.ts';

/** Name and version of what computes the lists. */
const ALGORITHM = 'rows-2';

/** The {@link ItemListMaker} of a task. */
export class ItemLists implements ItemListMaker {
  readonly #options: ListMakerOptions;
  readonly #scores: ItemScores;

  constructor(options: ListMakerOptions) {
    this.#options = options;
    this.#scores = new ItemScores(options.index);
  }

  itemsPublished(items: readonly PublishedItem[], context: ProcessorContext): void {
    const { use, definitions } = this.#options;
    const isSimilarUsed = use.isInUse(definitions.similar);
    const isBoughtTogetherUsed = use.isInUse(definitions.boughtTogether);
    for (const item of items) {
      if (isSimilarUsed) this.#publish(item, definitions.similar, context);
      // Most items were never bought with another.
      if (isBoughtTogetherUsed && item.isBoughtWith) this.#publish(item, definitions.boughtTogether, context);
    }
  }

  keysOf(itemId: string, isBoughtWith: boolean): readonly string[] {
    const { format, definitions } = this.#options;
    return (isBoughtWith ? [definitions.similar, definitions.boughtTogether] : [definitions.similar]).map(
      (definition) => format.listKey('item', definition, DEFAULT_VARIANT, itemId),
    );
  }

  itemsOf(keys: readonly string[]): readonly string[] {
    const items = new Set<string>();
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind === 'list' && parsed.ownerKind === 'item') items.add(parsed.owner);
    }
    return [...items];
  }

  republish(_sink: string, keys: readonly string[], items: readonly PublishedItem[], context: ProcessorContext): void {
    const byId = new Map(items.map((item) => [item.record.itemId, item]));
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind !== 'list' || parsed.ownerKind !== 'item') continue;
      const item = byId.get(parsed.owner);
      if (item !== undefined) this.#publish(item, parsed.definition, context);
      else context.forward({ key, value: null, timestampMs: context.streamTimeMs }, this.#options.listsSink);
    }
  }

  #publish(item: PublishedItem, definition: string, context: ProcessorContext): void {
    const { format, listsSink } = this.#options;
    const { record, asOf } = item;
    const listedItems = this.#items(item, definition, context);
    const head = {
      definition,
      owner: record.itemId,
      variant: DEFAULT_VARIANT,
      algorithm: ALGORITHM,
      asOf,
      traceparent: context.traceparent,
    };
    const value = listedItems.items.length === 0 ? null : format.encodeList(head, format.encodeItems(listedItems));
    const key = format.listKey('item', definition, DEFAULT_VARIANT, record.itemId);
    context.forward({ key, value, timestampMs: asOf.at }, listsSink);
  }

  #items({ record, asOf }: PublishedItem, definition: string, context: ProcessorContext): ListedItems {
    const { index, campaigns, definitions, facts, listLength, stores, tuningOf } = this.#options;
    const isSimilar = definition === definitions.similar;
    const ofNeighbours = isSimilar
      ? similarScores(record, index, asOf.at)
      : boughtTogetherScores(record, index, asOf.at);
    const denseIds = index.partnersOf(record);
    const { itemId } = record;
    const own = index.internText(itemId);
    const shownAtMs = Math.max(asOf.at, context.streamTimeMs);
    const scores = this.#scores;
    scores.clear();
    for (let i = 0; i < denseIds.length; i++) {
      const denseId = denseIds[i]!;
      const id = index.textOf(denseId);
      const score = ofNeighbours[i]!;
      // An item may follow itself in a session; it is no neighbour of itself.
      if (score > 0 && id !== undefined && id !== itemId && index.isAvailable(denseId, shownAtMs))
        scores.add(denseId, score, 0);
    }
    if (isSimilar && own !== undefined)
      scores.joinContent(own, tuningOf(definition).contentShare, facts.content, shownAtMs);
    const kind: Reason['kind'] = isSimilar ? 'similar' : 'bought-together';
    const title = own === undefined ? undefined : index.titleOf(own);
    const candidateAt = (place: number): Candidate => {
      const denseId = scores.denseIds[place]!;
      const related = scores.related[place]!;
      const content = scores.content[place]!;
      const extra: Reason[] = [];
      if (related > 0) extra.push({ kind, itemId, title, part: related });
      if (content > 0) extra.push({ kind: 'content', itemId, title, part: content });
      return { denseId, id: index.textOf(denseId)!, score: scores.scoreOf(place), extra };
    };
    const scope: CampaignScope = { audience: EVERYBODY, placement: definition, atMs: shownAtMs };
    if (!campaigns.hasActive(scope)) return listed(scores.best(listLength).map(candidateAt), listLength);
    const catalog = context.globalStore<CatalogEntry>(stores.catalog);
    const targets = campaigns.targets((target) => catalog.get(target));
    const candidates = scores.best(Infinity).map(candidateAt);
    // What a list about one item names must have to do with the item.
    return listed(
      applyCampaigns(candidates, targets, scope, () => undefined),
      listLength,
    );
  }
}
