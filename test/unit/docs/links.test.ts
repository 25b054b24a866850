// Links and paths of the documentation lead somewhere.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { allPages, codeOf, type Page, ROOT, readPage } from './pages.ts';

const LINK = /\[[^\]]*\]\(([^)\s]+)\)/g;
/** What a heading's anchor is on the usual forges: lower case, words and hyphens, spaces as hyphens. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const anchorsOf = ({ prose }: Page) => Array.from(prose.matchAll(/^#+ (.+)$/gm), ([, heading]) => anchorOf(heading!));

const topFolders = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Whether a text in backticks is the path of something in the project, and no pattern of paths. */
function isPath(text: string): boolean {
  const [first = '', ...rest] = text.split('/');
  if (rest.length === 0 || !/^[\w.@/-]+$/.test(text)) return false;
  return topFolders.includes(first) || /\.(?:ts|js|md|avsc)$/.test(text);
}

for (const page of allPages()) {
  test(`every relative link of ${page.path} leads to a file and a heading that are there`, () => {
    const broken: string[] = [];
    for (const [, target] of page.prose.matchAll(LINK)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [file = '', anchor] = target!.split('#');
      const path = file === '' ? join(ROOT, page.path) : join(ROOT, dirname(page.path), file);
      const isHere =
        existsSync(path) && (anchor === undefined || anchorsOf(readPage(relative(ROOT, path))).includes(anchor));
      if (!isHere) broken.push(target!);
    }
    assert.deepEqual(broken, []);
  });

  test(`every path in backticks in ${page.path} is there`, () => {
    const missing = codeOf(page.prose)
      .flatMap((code) => code.split(/\s+/))
      .filter((word) => isPath(word) && !existsSync(join(ROOT, word)));
    assert.deepEqual(missing, []);
  });
}
