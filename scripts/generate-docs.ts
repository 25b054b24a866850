// Writes what the documentation has from the code: docs/configuration.md from the table of settings, docs/metrics.md from the catalogue of
// instruments, docs/openapi.json from the endpoint's definitions. With --check it fails when a file says anything else.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../app/config.ts';
import { CATALOGUE_PARTS } from '../app/instruments.ts';
import type { Instrument } from '../engine/api/index.ts';
import { prometheusName } from '../engine/telemetry/index.ts';
import { openApiDocument } from '../serving/openapi.ts';

const docs = join(import.meta.dirname, '..', 'docs');

const rows = Object.values(SETTINGS).map(
  ({ variable, fallback, range, text }) =>
    `| \`${variable}\` | ${fallback === undefined ? '' : `\`${String(fallback)}\``} | ${range} | ${text} |`,
);
const configuration = `# Configuration

Settings are environment variables. A value that cannot be used, and a variable that begins with \`FRESHET_\` and is no setting,
stops the program with exit code 2 and a line for each mistake. This page is generated from \`app/config.ts\` by \`npm run docs:config\`.

| variable | default | range | meaning |
|---|---|---|---|
${rows.join('\n')}

Half-lives and the bounds of the state have one default for all data; they are in \`topology/settings.ts\` and
\`processors/decay.ts\`.
`;

const METRICS_HEAD = readFileSync(join(import.meta.dirname, 'metrics-head.md'), 'utf8');

function metricRow(instrument: Instrument): string {
  const { name, kind, unit, attributes, text } = instrument;
  const labels = attributes.map((attribute) => `\`${attribute}\``).join(', ');
  return `| \`${name}\` | \`${prometheusName(instrument)}\` | ${kind}${unit === '' ? '' : `, ${unit}`} | ${labels} | ${text} |`;
}

const metrics = `${METRICS_HEAD}
${CATALOGUE_PARTS.map(
  ({ title, instruments }) => `## ${title}

| name | in Prometheus | kind, unit | attributes | what |
|---|---|---|---|---|
${instruments.map(metricRow).join('\n')}
`,
).join('\n')}`;

const made: Readonly<Record<string, string>> = {
  'configuration.md': configuration,
  'metrics.md': metrics,
  'openapi.json': `${JSON.stringify(openApiDocument(), null, 2)}\n`,
};

for (const [name, text] of Object.entries(made)) {
  const path = join(docs, name);
  if (!process.argv.includes('--check')) writeFileSync(path, text);
  else if (!existsSync(path) || readFileSync(path, 'utf8') !== text) {
    console.error(`docs/${name} is out of date: npm run docs:config`);
    process.exitCode = 1;
  }
}
