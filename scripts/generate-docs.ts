// Writes docs/configuration.md from the table of settings; with --check it fails when the page says anything else.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../app/config.ts';

const path = join(import.meta.dirname, '..', 'docs', 'configuration.md');

const rows = Object.values(SETTINGS).map(
  ({ variable, fallback, range, text }) =>
    `| \`${variable}\` | ${fallback === undefined ? '' : `\`${String(fallback)}\``} | ${range} | ${text} |`,
);
const page = `# Configuration

Settings are environment variables. A value that cannot be used, and a variable that begins with \`FRESHET_\` and is no setting,
stops the program with exit code 2 and a line for each mistake. This page is generated from \`app/config.ts\` by \`npm run docs:config\`.

| variable | default | range | meaning |
|---|---|---|---|
${rows.join('\n')}

Half-lives, list lengths and the bounds of the state have one default for all data; they are in \`topology/settings.ts\` and
\`processors/decay.ts\`.
`;

if (!process.argv.includes('--check')) writeFileSync(path, page);
else if (readFileSync(path, 'utf8') !== page) {
  console.error('docs/configuration.md is out of date: npm run docs:config');
  process.exit(1);
}
