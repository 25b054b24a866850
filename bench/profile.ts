// Where the time goes: CPU profiles of instances (V8's .cpuprofile), summed by stage. A sample belongs to the stage of the innermost
// frame whose file is named below, so that what a stage calls in Node or in a library counts for the stage.
//
//   npm run bench:profile -- DIRECTORY [--functions]

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** Stage by a part of the file's URL; the first that fits. */
const STAGES: readonly (readonly [RegExp, string])[] = [
  [/engine\/kafka\/(lz4|snappy|codecs)/, 'compression'],
  [
    /engine\/kafka\/(task-writer|transactional|batch-encoder|produce|broker-requests)/,
    'commit: transaction and encoding',
  ],
  [/engine\/kafka\//, 'fetch: answers and record batches'],
  [/engine\/runtime\/(sink|record-metrics)/, 'publish: runtime'],
  [/engine\/runtime\/(source-record|record-queues|global-state|tables)/, 'records and tables'],
  [/engine\/runtime\//, 'runtime: tasks and graph'],
  [/node_modules\/avsc|\/schemas\//, 'decode: Avro'],
  [
    /processors\/(top-n|scoring|refresh|item-index|campaign)|topology\/|lists\/list-codec/,
    'lists: candidates, scores, bytes',
  ],
  [/processors\/(profile|visitor|user)/, 'processors: visitors'],
  [/processors\/(co-occurrence|neighbours)/, 'processors: items'],
  [/processors\/popularity/, 'processors: popularity'],
  [/processors\//, 'processors: others'],
  [/\/state\/|nxtedition\/rocksdb|node_modules\/rocksdb/, 'state: stores and RocksDB'],
  [/\/lists\/|node_modules\/ioredis|redis-parser/, 'publish: Redis'],
  [/node_modules\/kafkajs/, 'Kafka client'],
  [/bench\/reference\/click/, 'the job: decode'],
  [/bench\/reference\/delta-batch/, 'the job: deltas'],
  [/bench\/reference\/(item-row|row-|items\.|added)/, 'the job: rows'],
  [/bench\/reference\/(json-list|scores|top\.|redis-lists)/, 'the job: lists'],
  [/bench\/reference\/(neighbours|publication|weighted-ids|item-set)/, 'the job: neighbours'],
  [/bench\/reference\/(users|history|item-ids)/, 'the job: users'],
  [/bench\//, 'the benchmark itself'],
];

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const PROCESS: Readonly<{ [name: string]: string }> = {
  '(idle)': 'idle',
  '(garbage collector)': 'garbage collection',
  '(program)': 'native: compiler, loop, kernel',
};

/** Microseconds by stage, and by function of it. */
function summed(profiles: readonly Profile[]): Map<string, Map<string, number>> {
  const stages = new Map<string, Map<string, number>>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const places = placesOf(nodes);
    for (const [i, id] of samples.entries()) {
      const { stage, name } = places.get(id)!;
      const functions = stages.get(stage) ?? new Map<string, number>();
      stages.set(stage, functions);
      functions.set(name, (functions.get(name) ?? 0) + Math.max(0, timeDeltas[i]!));
    }
  }
  return stages;
}

function placesOf(nodes: readonly ProfileNode[]): Map<number, { stage: string; name: string }> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const places = new Map<number, { stage: string; name: string }>();
  const visit = (node: ProfileNode, outer: string) => {
    const { functionName, url, lineNumber } = node.callFrame;
    const stage = PROCESS[functionName] ?? STAGES.find(([part]) => part.test(url))?.[1] ?? outer;
    const file = url.split('/').slice(-2).join('/');
    places.set(node.id, { stage, name: `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}` });
    for (const child of node.children ?? []) visit(byId.get(child)!, stage);
  };
  visit(nodes[0]!, 'Node: streams, timers, start');
  return places;
}

const { values, positionals } = parseArgs({
  options: { functions: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [directory = '.'] = positionals;
const files = globSync('*.cpuprofile', { cwd: directory });
const stages = summed(files.map((file) => JSON.parse(readFileSync(join(directory, file), 'utf8')) as Profile));
const sum = (functions: ReadonlyMap<string, number>) => [...functions.values()].reduce((all, one) => all + one, 0);
const busy = [...stages].filter(([stage]) => stage !== 'idle').reduce((all, [, functions]) => all + sum(functions), 0);
console.log(`${files.length} profiles, ${(busy / 1e6).toFixed(1)} s busy\n\n| stage | s | share |\n|---|---:|---:|`);
for (const [stage, functions] of [...stages].sort(([, a], [, b]) => sum(b) - sum(a))) {
  if (stage === 'idle') continue;
  console.log(`| ${stage} | ${(sum(functions) / 1e6).toFixed(2)} | ${((100 * sum(functions)) / busy).toFixed(1)} % |`);
  if (!values.functions) continue;
  for (const [name, time] of [...functions].sort(([, a], [, b]) => b - a).slice(0, 12))
    console.log(`|   ${name} | ${(time / 1e6).toFixed(2)} | ${((100 * time) / busy).toFixed(1)} % |`);
}
