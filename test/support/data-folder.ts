// Everything that a data folder holds, as lines of text that two folders can be compared by: the stores and positions byte for byte,
// the lists with their versions, the records of the source topics and dead letters without the time at which they were appended.

import { databasePath } from '../../app/embedded.ts';
import { systemClock } from '../../engine/api/index.ts';
import { EmbeddedLog, LOG_COLUMN_FAMILY } from '../../engine/embedded/index.ts';
import { topicsOf } from '../../engine/graph/index.ts';
import { columnFamiliesOf } from '../../engine/runtime/index.ts';
import { createEmbeddedListStore, LISTS_COLUMN_FAMILY } from '../../lists/index.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { openRocksDatabase } from '../../state/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

export async function contentsOf(dataDir: string, partitions: number): Promise<string[]> {
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: 16e6,
    partitions,
  });
  const families = columnFamiliesOf(topology);
  const database = await openRocksDatabase(databasePath(dataDir), {
    columnFamilies: [...families, LOG_COLUMN_FAMILY, LISTS_COLUMN_FAMILY],
  });
  const lines: string[] = [];
  for (const family of families)
    for (const [key, value] of database.scan(family, {})) lines.push(`${family} ${hex(key)} ${hex(value)}`);

  const lists = createEmbeddedListStore({ database, clock: systemClock });
  for await (const { key, value, version } of lists.entries('')) lines.push(`list ${key} ${version} ${hex(value)}`);
  await lists.close();

  const log = new EmbeddedLog({ database, clock: systemClock });
  const topics = topicsOf(topology, partitions);
  await log.open(topics);
  for (const { name, internal } of topics)
    for (let partition = 0; partition < partitions && !internal; partition++)
      for (const record of log.fetch([{ topic: name, partition, offset: 0, maxRecords: 1e9 }])[0]!.records)
        lines.push(
          `log ${name}-${partition} ${record.offset} ${record.key} ${record.timestampMs} ${JSON.stringify(record.headers)} ${record.value === null ? 'null' : hex(record.value)}`,
        );
  await database.close();
  return lines;
}
