// Fails on an import that goes up. Every import of every source file is resolved and held against the table of layers in
// docs/architecture.md: a folder imports itself and what its line allows, nothing else.

import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '..');

/** What each layer may import besides itself, from the lowest to the highest. */
export const ALLOWED: Readonly<{ [layer: string]: readonly string[] }> = {
  'engine/api': [],
  'engine/graph': ['engine/api'],
  'engine/embedded': ['engine/api'],
  'engine/telemetry': ['engine/api'],
  'engine/kafka': ['engine/api'],
  'engine/archive': ['engine/api'],
  state: ['engine/api'],
  schemas: ['engine/api'],
  'engine/runtime': ['engine/api', 'engine/graph'],
  lists: ['schemas', 'engine/api'],
  processors: ['schemas', 'engine/api'],
  'engine/testing': ['engine/api', 'engine/graph', 'engine/embedded', 'engine/telemetry', 'engine/runtime'],
  topology: ['processors', 'lists', 'schemas', 'state', 'engine/api', 'engine/graph'],
  serving: ['lists', 'schemas', 'engine/api'],
  tools: [
    'lists',
    'topology',
    'processors',
    'serving/client.ts',
    'schemas',
    'state',
    'engine/api',
    'engine/graph',
    'engine/runtime',
    'engine/embedded',
    'engine/archive',
    'engine/testing',
  ],
  engine: ['engine'],
  app: ['tools', 'serving', 'topology', 'processors', 'lists', 'schemas', 'state', 'engine'],
};
/** Folders outside the product, which may import anything. */
const FREE = ['test', 'scripts', 'examples', 'deploy', 'bench'];

const IMPORT = /(?:\bfrom|\bimport)\s*\(?\s*['"](\.[^'"]+)['"]/g;

const layerOf = (path: string) =>
  Object.keys(ALLOWED)
    .filter((layer) => path.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0];

const isAllowed = (layer: string, target: string) =>
  [layer, ...(ALLOWED[layer] ?? [])].some((allowed) => target === allowed || target.startsWith(`${allowed}/`));

function check(): void {
  const files = globSync('**/*.ts', { cwd: root, exclude: (path) => /^(node_modules|dist)$/.test(path) });
  const mistakes: string[] = [];
  let imports = 0;
  for (const file of files) {
    if (FREE.some((folder) => file.startsWith(`${folder}/`))) continue;
    const layer = layerOf(file);
    if (layer === undefined) {
      mistakes.push(`${file} lies in no layer`);
      continue;
    }
    for (const [, specifier] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      imports += 1;
      const target = relative(root, join(root, dirname(file), specifier!));
      if (!isAllowed(layer, target)) mistakes.push(`${file} imports ${target}: ${layer} may not`);
    }
  }
  if (mistakes.length > 0) {
    console.error(`${mistakes.length} imports against the layers:\n${mistakes.join('\n')}`);
    process.exit(1);
  }
  console.log(`layers: ${imports} imports of ${files.length} files checked`);
}

if (import.meta.main) check();
