// Publishes the lists of an item, made from the record that goes to `neighbours` at the same moment: `similar` (dealt with in one
// session, in either order) and `bought-together` (in one order). Items that are not in the catalog or not available are left
// out. The lists' time is the newest event in the row; what is valid is decided at the task's stream time.

import type { ProcessorContext } from '../../engine/api/index.ts';
import { applyCampaigns, byRank, type CampaignScope, type Candidate, EVERYBODY } from '../campaigns.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import type { ItemListMaker, PublishedItem } from '../co-occurrence/list-maker.ts';
import { boughtTogetherScores } from '../scoring/bought-together.ts';
import { similarScores } from '../scoring/similar.ts';
import { joinContent } from './joined-content.ts';
import { listed } from './reasons.ts';
import type { ListedItems, Reason } from './values.ts';
import { DEFAULT_VARIANT, type ListMakerOptions } from './visitor-lists.ts';

/** Name and version of what computes the lists. */
const ALGORITHM = 'rows-2';

/** The {@link ItemListMaker} of a task. */
export class ItemLists implements ItemListMaker {
  readonly #options: ListMakerOptions;

  constructor(options: ListMakerOptions) {
    this.#options = options;
  }

  itemsPublished(items: readonly PublishedItem[], context: ProcessorContext): void {
    const { use, definitions } = this.#options;
    this.#load(items, context);
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
    this.#load(items, context);
    const byId = new Map(items.map((item) => [item.record.itemId, item]));
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind !== 'list' || parsed.ownerKind !== 'item') continue;
      const item = byId.get(parsed.owner);
      if (item !== undefined) this.#publish(item, parsed.definition, context);
      else context.forward({ key, value: null, timestampMs: context.streamTimeMs }, this.#options.listsSink);
    }
  }

  #load(items: readonly PublishedItem[], context: ProcessorContext): void {
    const keys = items.map(({ record }) => record.itemId);
    context.globalStore<CatalogEntry>(this.#options.stores.catalog).load(keys);
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
    const catalog = context.globalStore<CatalogEntry>(stores.catalog);
    const isSimilar = definition === definitions.similar;
    const scores = isSimilar ? similarScores(record, index, asOf.at) : boughtTogetherScores(record, index, asOf.at);
    const denseIds = index.partnersOf(record);
    const kind: Reason['kind'] = isSimilar ? 'similar' : 'bought-together';
    const title = catalog.get(record.itemId)?.title;
    const shownAtMs = Math.max(asOf.at, context.streamTimeMs);
    let candidates: Candidate[] = [];
    for (let i = 0; i < denseIds.length; i++) {
      const denseId = denseIds[i]!;
      const id = index.textOf(denseId);
      const score = scores[i]!;
      // An item may follow itself in a session; it is no neighbour of itself.
      if (score <= 0 || id === undefined || id === record.itemId || !index.isAvailable(denseId, shownAtMs)) continue;
      candidates.push({ denseId, id, score, extra: [{ kind, itemId: record.itemId, title, part: score }] });
    }
    const own = index.internText(record.itemId);
    if (isSimilar && own !== undefined) {
      const { contentShare } = tuningOf(definition);
      joinContent(
        candidates,
        { denseId: own, itemId: record.itemId, title },
        contentShare,
        facts.content,
        index,
        shownAtMs,
      );
    }
    const scope: CampaignScope = { audience: EVERYBODY, placement: definition, atMs: shownAtMs };
    if (campaigns.hasActive(scope)) {
      const targets = campaigns.targets((itemId) => catalog.get(itemId));
      // What a list about one item names must have to do with the item.
      candidates = applyCampaigns(candidates, targets, scope, () => undefined);
    } else candidates.sort(byRank);
    return listed(candidates, listLength);
  }
}
