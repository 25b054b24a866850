// Publishes the lists of a segment, `popular` and `trending`, from what the segment published last. Items that are not in the catalog
// or not available at the task's stream time are left out.

import type { ProcessorContext } from '../../engine/api/index.ts';
import {
  applyCampaigns,
  byRank,
  type CampaignAudience,
  type CampaignScope,
  type Candidate,
  EVERYBODY,
  NO_PARTS,
} from '../campaigns.ts';
import type { CatalogEntry } from '../catalog-entry.ts';
import type { SegmentListMaker } from '../popularity.ts';
import type { PublishedSegment } from '../popularity-published.ts';
import { listed } from './reasons.ts';
import type { ListedItems, Reason } from './values.ts';
import { DEFAULT_VARIANT, type ListMakerOptions } from './visitor-lists.ts';

const POPULAR_ALGORITHM = 'popular-1';
const TRENDING_ALGORITHM = 'trending-1';
const CATEGORY = 'category=';

/** The {@link SegmentListMaker} of a task. */
export class SegmentLists implements SegmentListMaker {
  readonly #options: ListMakerOptions;

  constructor(options: ListMakerOptions) {
    this.#options = options;
  }

  segmentPublished(published: PublishedSegment, context: ProcessorContext): void {
    const { definitions, use } = this.#options;
    for (const definition of [definitions.popular, definitions.trending])
      if (use.isInUse(definition)) this.#publish(published, definition, context);
  }

  keysOf(segment: string): readonly string[] {
    const { format, definitions } = this.#options;
    return [definitions.popular, definitions.trending].map((definition) =>
      format.listKey('segment', definition, DEFAULT_VARIANT, segment),
    );
  }

  republish(
    keys: readonly string[],
    publishedOf: (segment: string) => PublishedSegment | undefined,
    context: ProcessorContext,
  ): void {
    for (const key of keys) {
      const parsed = this.#options.format.parseKey(key);
      if (parsed?.kind !== 'list' || parsed.ownerKind !== 'segment') continue;
      const published = publishedOf(parsed.owner);
      if (published !== undefined) this.#publish(published, parsed.definition, context);
      else context.forward({ key, value: null, timestampMs: context.streamTimeMs }, this.#options.listsSink);
    }
  }

  #publish(published: PublishedSegment, definition: string, context: ProcessorContext): void {
    const { format, definitions, listsSink } = this.#options;
    const { segment, asOf } = published;
    const listedItems = this.#items(published, definition, context);
    const algorithm = definition === definitions.trending ? TRENDING_ALGORITHM : POPULAR_ALGORITHM;
    const { traceparent } = context;
    const head = { definition, owner: segment, variant: DEFAULT_VARIANT, algorithm, asOf, traceparent };
    const value = listedItems.items.length === 0 ? null : format.encodeList(head, format.encodeItems(listedItems));
    const key = format.listKey('segment', definition, DEFAULT_VARIANT, segment);
    context.forward({ key, value, timestampMs: asOf.at }, listsSink);
  }

  #items(published: PublishedSegment, definition: string, context: ProcessorContext): ListedItems {
    const { campaigns, definitions, index, listLength, stores } = this.#options;
    const catalog = context.globalStore<CatalogEntry>(stores.catalog);
    const isTrending = definition === definitions.trending;
    const { segment, asOf } = published;
    const scores = isTrending ? published.trending : published.popular;
    const denseIds = index.itemsOf(published);
    const shownAtMs = Math.max(asOf.at, context.streamTimeMs);
    let highest = 0;
    for (const score of scores) if (score > highest) highest = score;
    const kind: Reason['kind'] = isTrending ? 'trending' : 'popular';
    let candidates: Candidate[] = [];
    for (let i = 0; i < denseIds.length; i++) {
      const denseId = denseIds[i]!;
      const id = published.items[i]!;
      if (scores[i]! <= 0 || index.textOf(denseId) !== id || !index.isAvailable(denseId, shownAtMs)) continue;
      const part = scores[i]! / highest;
      candidates.push({ denseId, id, score: part, extra: [{ kind, segment, part }] });
    }
    const scope: CampaignScope = { audience: audienceOf(segment), placement: definition, atMs: shownAtMs };
    if (campaigns.hasActive(scope)) {
      const targets = campaigns.targets((itemId) => catalog.get(itemId));
      candidates = applyCampaigns(candidates, targets, scope, (itemId) => this.#added(itemId, segment, shownAtMs));
    } else candidates.sort(byRank);
    return listed(candidates, listLength);
  }

  /** An item that a campaign names. A category's list takes items of the category only. */
  #added(itemId: string, segment: string, atMs: number): Candidate | undefined {
    const { index } = this.#options;
    const denseId = index.internText(itemId);
    if (denseId === undefined || !index.isAvailable(denseId, atMs)) return undefined;
    if (segment.startsWith(CATEGORY) && !index.categoriesOf(itemId).includes(segment.slice(CATEGORY.length)))
      return undefined;
    return { denseId, id: itemId, score: 0, extra: NO_PARTS };
  }
}

/** A segment of a region or a device is its own audience. */
function audienceOf(segment: string): CampaignAudience {
  if (segment.startsWith('region=')) return { ...EVERYBODY, region: segment.slice('region='.length) };
  if (segment.startsWith('device=')) return { ...EVERYBODY, device: segment.slice('device='.length) };
  return EVERYBODY;
}
