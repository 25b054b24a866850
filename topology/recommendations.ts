// The recommendation graph on one page: what reads what, what keeps what, what goes where. See docs/architecture.md for the drawing.

import { type KeyValueStore, type Serde, type StoreSupplier, silentMetrics } from '../engine/api/index.ts';
import { type Topology, TopologyBuilder } from '../engine/graph/index.ts';
import { DEFAULT_INACTIVE_EXPIRY_MS } from '../lists/index.ts';
import { CampaignIndex } from '../processors/campaign-index.ts';
import { CampaignRulesProcessor, newerCampaign } from '../processors/campaign-rules.ts';
import { CatalogProcessor } from '../processors/catalog.ts';
import { type CatalogEntry, catalogEntry, catalogEntrySerde, newerEntry } from '../processors/catalog-entry.ts';
import { pairDeltasSerde } from '../processors/co-occurrence/pair-deltas.ts';
import { rowBytes, rowSerde, waitingSerde } from '../processors/co-occurrence/row-codec.ts';
import { CoOccurrenceProcessor } from '../processors/co-occurrence.ts';
import { ItemFacts } from '../processors/content/item-facts.ts';
import { ItemIndex } from '../processors/item-index.ts';
import { exampleSerde } from '../processors/learner/example-codec.ts';
import { ExampleMaker } from '../processors/learner/example-maker.ts';
import { learnerStateSerde, servedRankerSerde } from '../processors/learner/ranker-codec.ts';
import { LearnerProcessor } from '../processors/learner.ts';
import { ListTunings } from '../processors/list-tunings.ts';
import { ListUse } from '../processors/list-use.ts';
import { LiveQuality } from '../processors/live-quality.ts';
import { neighbourBytes, neighbourSerde } from '../processors/neighbours.ts';
import { PlacementsProcessor, standingSetting } from '../processors/placements.ts';
import { PopularityProcessor } from '../processors/popularity.ts';
import { publishedSegmentSerde } from '../processors/popularity-published.ts';
import { segmentBaseSerde, segmentBytes, segmentHeadSerde } from '../processors/popularity-stored.ts';
import { profileSerde } from '../processors/profile/profile-codec.ts';
import { segmentDeltasSerde } from '../processors/profile/segment-deltas.ts';
import { VisitorRefresh } from '../processors/refresh/visitor-refresh.ts';
import type { ListMakerOptions } from '../processors/top-n/visitor-lists.ts';
import { VisitorProfileProcessor } from '../processors/visitor-profile.ts';
import { createFileSchemaSource, createSerdes, keyOf, type SourceRecords, type SourceTopic } from '../schemas/index.ts';
import { keyValueStore } from '../state/index.ts';
import { listFormat } from './list-format.ts';
import { DEFINITIONS, GLOBAL_STORES, LISTS_SINK, NODES, STORES, TOPICS } from './names.ts';
import { CACHE_SHARES, DEFAULT_LIST_SETTINGS, PUBLISHING_LISTS, type RecommendationOptions } from './settings.ts';

/** Topics that a shop's shoppers write, keyed by visitor. */
const VISITOR_TOPICS = ['clicks', 'purchases', 'impressions', 'visitors', 'privacy'] as const;

/** The graph from events to lists. Its index of items is one for all tasks of the process. */
export function buildRecommendationTopology(options: RecommendationOptions): Topology {
  const { serdes } = options;
  // What is stored names schemas of this release, not ids that a registry would have to explain.
  const stored = createSerdes(createFileSchemaSource());
  const {
    halfLives,
    listLength,
    neighboursIntervalMs,
    segmentsIntervalMs,
    refreshListsPerSecond,
    nearestContent,
    tuning,
    signals,
    reranker,
  } = {
    ...DEFAULT_LIST_SETTINGS,
    ...options.lists,
  };
  const makers = options.listMakers ?? PUBLISHING_LISTS;
  const index = new ItemIndex(halfLives.rowsMs);
  const facts = new ItemFacts(index, nearestContent);
  const tunings = new ListTunings(tuning);
  const campaigns = new CampaignIndex(index);
  const use = new ListUse();
  const quality = new LiveQuality(options.metrics ?? silentMetrics);
  const lists: ListMakerOptions = {
    index,
    facts,
    campaigns,
    use,
    format: listFormat,
    quality,
    listLength,
    taste: { halfLifeMs: halfLives.userVectorMs, signals },
    tuningOf: (definition) => tunings.of(definition),
    reranker,
    listsSink: NODES.lists,
    stores: GLOBAL_STORES,
    definitions: DEFINITIONS,
  };
  const refresh = { index, campaigns, content: facts.content, listLength, listsPerSecond: refreshListsPerSecond };
  const isRefreshing = refreshListsPerSecond > 0;
  const visitorRefresh = () =>
    isRefreshing ? new VisitorRefresh({ ...refresh, neighboursStore: GLOBAL_STORES.neighbours }) : undefined;
  const taskStore = <V>(share: keyof typeof STORES, codec: Serde<V>, sizeOf?: (value: V) => number) =>
    store(options, STORES[share], codec, CACHE_SHARES[share] / options.partitions, sizeOf);
  const globalStore = <V>(share: keyof typeof GLOBAL_STORES, codec: Serde<V>, sizeOf?: (value: V) => number) =>
    store(options, GLOBAL_STORES[share], codec, CACHE_SHARES[share] / (options.processes ?? 1), sizeOf);
  const builder = new TopologyBuilder();

  // What shoppers do.
  for (const topic of VISITOR_TOPICS)
    builder.addSource(topic, { ...source(options, topic), allowsTombstones: topic === 'visitors' });
  builder.addStore(taskStore('profiles', profileSerde)).addProcessor(
    NODES.users,
    () => {
      const refreshed = visitorRefresh();
      return new VisitorProfileProcessor({
        halfLives,
        lists: makers.visitors(lists, refreshed),
        entriesExpireMs: DEFAULT_INACTIVE_EXPIRY_MS,
        ...(refreshed !== undefined && { refresh: refreshed }),
        categoriesOf: (item) => index.categoriesOf(item),
        isListed: (item) => index.isListed(item),
        signals,
        mostUnclicked: () => tunings.of(DEFINITIONS.forYou).mostUnclicked,
        quality,
        profilesStore: STORES.profiles,
        learning: {
          examples: new ExampleMaker(index),
          neighboursStore: GLOBAL_STORES.neighbours,
          examplesSink: NODES.examples,
        },
        pairDeltasSink: NODES.pairDeltas,
        segmentDeltasSink: NODES.segmentDeltas,
      });
    },
    {
      parents: VISITOR_TOPICS,
      stores: [STORES.profiles],
      globalStores: [
        GLOBAL_STORES.neighbours,
        GLOBAL_STORES.catalog,
        GLOBAL_STORES.campaigns,
        GLOBAL_STORES.popular,
        GLOBAL_STORES.settings,
        GLOBAL_STORES.ranker,
      ],
    },
  );

  // What is dealt with together.
  builder
    .addRepartition(NODES.pairDeltas, {
      serializer: pairDeltasSerde,
      deserializer: pairDeltasSerde,
      parents: [NODES.users],
    })
    .addStore(taskStore('rows', rowSerde, rowBytes))
    .addStore(taskStore('waitingItems', waitingSerde))
    .addProcessor(
      NODES.items,
      () =>
        new CoOccurrenceProcessor({
          halfLifeMs: halfLives.rowsMs,
          publishIntervalMs: neighboursIntervalMs,
          lists: makers.items(lists),
          ...(isRefreshing && { refresh }),
          collides: (hash, itemId) => index.collides(hash, itemId),
          countOf: (hash, atMs) => index.countOf(hash, atMs),
          rowsStore: STORES.rows,
          waitingStore: STORES.waitingItems,
          neighboursStore: GLOBAL_STORES.neighbours,
          neighboursSink: NODES.neighbours,
        }),
      {
        parents: [NODES.pairDeltas],
        stores: [STORES.rows, STORES.waitingItems],
        globalStores: [
          GLOBAL_STORES.neighbours,
          GLOBAL_STORES.catalog,
          GLOBAL_STORES.campaigns,
          GLOBAL_STORES.settings,
        ],
      },
    )
    .addSink(NODES.neighbours, { topic: TOPICS.neighbours, serializer: neighbourSerde, parents: [NODES.items] })
    .addGlobalStore({
      topic: TOPICS.neighbours,
      deserializer: neighbourSerde,
      supplier: globalStore('neighbours', neighbourSerde, neighbourBytes),
      view: { apply: (itemId, record) => index.applyNeighbours(itemId, record) },
    });

  // What is chosen next.
  builder
    .addRepartition(NODES.examples, { serializer: exampleSerde, deserializer: exampleSerde, parents: [NODES.users] })
    .addStore(taskStore('rankerState', learnerStateSerde))
    .addProcessor(
      NODES.learner,
      () => new LearnerProcessor({ stateStore: STORES.rankerState, rankerSink: NODES.ranker }),
      { parents: [NODES.examples], stores: [STORES.rankerState] },
    )
    .addSink(NODES.ranker, { topic: TOPICS.ranker, serializer: servedRankerSerde, parents: [NODES.learner] })
    .addGlobalStore({
      topic: TOPICS.ranker,
      deserializer: servedRankerSerde,
      supplier: globalStore('ranker', servedRankerSerde),
    });

  // What is popular where.
  builder
    .addRepartition(NODES.segmentDeltas, {
      serializer: segmentDeltasSerde,
      deserializer: segmentDeltasSerde,
      parents: [NODES.users],
    })
    .addStore(taskStore('segments', segmentHeadSerde, segmentBytes))
    .addStore(taskStore('segmentItems', segmentBaseSerde))
    .addStore(taskStore('publishedSegments', publishedSegmentSerde))
    .addProcessor(
      NODES.popularity,
      () =>
        new PopularityProcessor({
          halfLives,
          publishIntervalMs: segmentsIntervalMs,
          lists: makers.segments(lists),
          ...(isRefreshing && { refresh }),
          segmentsStore: STORES.segments,
          basesStore: STORES.segmentItems,
          publishedStore: STORES.publishedSegments,
          popularSink: NODES.popular,
        }),
      {
        parents: [NODES.segmentDeltas],
        stores: [STORES.segments, STORES.segmentItems, STORES.publishedSegments],
        globalStores: [GLOBAL_STORES.catalog, GLOBAL_STORES.campaigns, GLOBAL_STORES.settings],
      },
    )
    .addSink(NODES.popular, { topic: TOPICS.popular, serializer: publishedSegmentSerde, parents: [NODES.popularity] })
    .addGlobalStore({
      topic: TOPICS.popular,
      deserializer: publishedSegmentSerde,
      supplier: globalStore('popular', publishedSegmentSerde),
    });

  // What the shop sells, promotes and shows.
  builder
    .addSource(TOPICS.catalog, { ...source(options, 'catalog'), allowsTombstones: true })
    .addStore(taskStore('cards', catalogEntrySerde))
    .addProcessor(
      NODES.catalogCards,
      () => new CatalogProcessor({ index, format: listFormat, cardsStore: STORES.cards, listsSink: NODES.lists }),
      { parents: [TOPICS.catalog], stores: [STORES.cards] },
    )
    .addGlobalStore<CatalogEntry>({
      topic: TOPICS.catalog,
      deserializer: { deserialize: (bytes) => catalogEntry(serdes.catalog.deserialize(bytes)) },
      timestamp: (entry) => entry.atMs,
      keyOf: (entry) => entry.itemId,
      supplier: globalStore('catalog', catalogEntrySerde),
      merge: newerEntry,
      view: {
        apply: (itemId, entry) => {
          index.applyCatalog(itemId, entry);
          facts.apply(itemId, entry);
        },
      },
    })
    .addSource(TOPICS.campaigns, { ...source(options, 'campaigns'), allowsTombstones: true })
    .addStore(taskStore('ownCampaigns', stored.campaigns))
    .addProcessor(
      NODES.campaignRules,
      () =>
        new CampaignRulesProcessor({
          format: listFormat,
          campaignsStore: STORES.ownCampaigns,
          listsSink: NODES.lists,
        }),
      { parents: [TOPICS.campaigns], stores: [STORES.ownCampaigns] },
    )
    .addGlobalStore({
      ...source(options, 'campaigns'),
      supplier: globalStore('campaigns', stored.campaigns),
      merge: newerCampaign,
      view: { apply: (campaignId, campaign) => campaigns.apply(campaignId, campaign) },
    })
    .addSource(TOPICS.settings, { ...source(options, 'settings'), allowsTombstones: true })
    .addStore(taskStore('ownSettings', stored.settings))
    .addProcessor(
      NODES.placements,
      () => new PlacementsProcessor({ format: listFormat, settingsStore: STORES.ownSettings, listsSink: NODES.lists }),
      { parents: [TOPICS.settings], stores: [STORES.ownSettings] },
    )
    .addGlobalStore({
      ...source(options, 'settings'),
      supplier: globalStore('settings', stored.settings),
      merge: standingSetting,
      view: {
        apply: (name, setting) => {
          use.apply(name, setting);
          tunings.apply(name, setting);
        },
      },
    });

  return builder
    .addVersionedSink(NODES.lists, {
      sink: LISTS_SINK,
      parents: [NODES.users, NODES.items, NODES.popularity, NODES.catalogCards, NODES.campaignRules, NODES.placements],
    })
    .build();
}

/** How a source topic is read: in its contract, by its own time, under its own key. */
function source<T extends SourceTopic>({ serdes }: RecommendationOptions, topic: T) {
  return {
    topic,
    deserializer: serdes[topic],
    timestamp: (value: SourceRecords[T]) => value.at,
    keyOf: (value: SourceRecords[T]) => keyOf(topic, value),
  };
}

function store<V>(
  { cacheMaxBytes, metrics }: RecommendationOptions,
  name: string,
  codec: Serde<V>,
  share: number,
  sizeOf?: (value: V) => number,
): StoreSupplier<KeyValueStore<V>> {
  return keyValueStore({
    name,
    codec,
    cacheMaxBytes: Math.floor(cacheMaxBytes * share),
    ...(sizeOf !== undefined && { sizeOf }),
    ...(metrics !== undefined && { metrics }),
  });
}
