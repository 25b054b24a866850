// `freshet topology`: the graph of the recommendation topology.

import { silentMetrics } from '../../engine/api/index.ts';
import { describeAsMermaid, describeAsText } from '../../engine/graph/index.ts';
import { createFileSchemaSource, createSerdes } from '../../schemas/index.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';
import type { Config } from '../config.ts';

export function printTopology(config: Config, options: { readonly mermaid: boolean }): void {
  const topology = buildRecommendationTopology({
    serdes: createSerdes(createFileSchemaSource()),
    cacheMaxBytes: config.cacheMaxMb * 1_048_576,
    partitions: config.partitions,
    metrics: silentMetrics,
  });
  process.stdout.write(`${options.mermaid ? describeAsMermaid(topology) : describeAsText(topology)}\n`);
}
