// The reference job as a graph.
//
//   clicks --> users --> pairs (by row) --> items --> changed-rows --> publication --> item-neighbours (compacted) --> global store,
//                \--> lists u:<user>          \--> lists i:<item>                                                     read by users
//
// Of a busy task, users work as clicks come, items and publication in intervals: a row that many clicks change is written and
// published once for all of them.

import { type Topology, TopologyBuilder } from '../../engine/graph/index.ts';
import { keyValueStore } from '../../state/index.ts';
import { type Click, clickDeserializer } from './click.ts';
import { bytesSerde } from './delta-batch.ts';
import { HISTORY_BYTES, type History, historySerde } from './history.ts';
import type { ItemIds } from './item-ids.ts';
import { Items } from './items.ts';
import { NeighbourTable, neighboursSerde } from './neighbours.ts';
import { Publication } from './publication.ts';
import { rowStore } from './row-store.ts';
import type { Stats } from './stats.ts';
import { Users } from './users.ts';

export const CLICKS = 'clicks';
export const PAIRS = 'pairs';
export const CHANGED = 'changed-rows';
export const NEIGHBOURS_TOPIC = 'item-neighbours';
export const LISTS_SINK = 'lists';

export interface ReferenceOptions {
  readonly ids: ItemIds;
  readonly stats: Stats;
  readonly partitions: number;
  /** For all decoded values of an instance that runs every task. */
  readonly cacheMaxBytes: number;
  /** Rows are changed and published at most so often, ms. */
  readonly itemsIntervalMs: number;
  /** And their neighbours at most so often, ms. */
  readonly neighboursIntervalMs: number;
}

export function referenceTopology({
  ids,
  stats,
  partitions,
  cacheMaxBytes,
  itemsIntervalMs,
  neighboursIntervalMs,
}: ReferenceOptions): Topology {
  const stores = { histories: 'user-history', rows: 'item-rows', neighbours: 'item-neighbours' };
  const table = new NeighbourTable(ids);
  const ofTask = cacheMaxBytes / 4 / partitions;
  const nodes = {
    users: 'users',
    items: 'items',
    publication: 'publication',
    neighbours: 'neighbours',
    userLists: 'user-lists',
    itemLists: 'item-lists',
  };
  return new TopologyBuilder()
    .addSource<Click>(CLICKS, {
      topic: CLICKS,
      deserializer: clickDeserializer,
      timestamp: ({ at }) => at,
      keyOf: ({ userId }) => userId,
    })
    .addStore(
      keyValueStore<History>({
        name: stores.histories,
        codec: historySerde(ids),
        cacheMaxBytes: ofTask,
        sizeOf: () => HISTORY_BYTES,
      }),
    )
    .addStore(rowStore({ name: stores.rows, ids, cacheMaxBytes: 2 * ofTask }))
    .addGlobalStore<Uint8Array>({
      topic: NEIGHBOURS_TOPIC,
      deserializer: neighboursSerde,
      // Read through the table alone.
      supplier: keyValueStore({ name: stores.neighbours, codec: neighboursSerde, cacheMaxBytes: 0 }),
      view: table,
    })
    .addProcessor<Click>(
      nodes.users,
      () =>
        new Users({
          ids,
          stats,
          neighbours: table,
          histories: stores.histories,
          pairs: PAIRS,
          lists: nodes.userLists,
        }),
      { parents: [CLICKS], stores: [stores.histories] },
    )
    .addRepartition<Uint8Array>(PAIRS, {
      serializer: bytesSerde,
      deserializer: bytesSerde,
      parents: [nodes.users],
      batchIntervalMs: itemsIntervalMs,
    })
    .addProcessor<Uint8Array>(
      nodes.items,
      () => new Items({ ids, stats, rows: stores.rows, changed: CHANGED, lists: nodes.itemLists }),
      { parents: [PAIRS], stores: [stores.rows] },
    )
    .addRepartition<Uint8Array>(CHANGED, {
      serializer: bytesSerde,
      deserializer: bytesSerde,
      parents: [nodes.items],
      batchIntervalMs: neighboursIntervalMs,
    })
    .addProcessor<Uint8Array>(nodes.publication, () => new Publication({ ids, rows: stores.rows }), {
      parents: [CHANGED],
      stores: [stores.rows],
    })
    .addSink<Uint8Array>(nodes.neighbours, {
      topic: NEIGHBOURS_TOPIC,
      serializer: bytesSerde,
      parents: [nodes.publication],
    })
    .addVersionedSink(nodes.userLists, { sink: LISTS_SINK, parents: [nodes.users] })
    .addVersionedSink(nodes.itemLists, { sink: LISTS_SINK, parents: [nodes.items] })
    .build();
}
