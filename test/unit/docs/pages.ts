// The pages that the documentation tests read, without what stands in fenced blocks where that is no prose.

import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The project's root folder. */
export const ROOT = join(import.meta.dirname, '..', '..', '..');

export interface Page {
  /** Relative to the root. */
  readonly path: string;
  readonly text: string;
  /** The text without fenced blocks. */
  readonly prose: string;
}

/** A page. `path` is relative to the root. */
export function readPage(path: string): Page {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return { path, text, prose: text.replaceAll(/^```[\s\S]*?^```/gm, '') };
}

/** Every page of the documentation, the README included where it is there. */
export function allPages(): readonly Page[] {
  const paths = globSync('docs/**/*.md', { cwd: ROOT }).sort();
  return ['README.md', 'CHANGELOG.md', ...paths].filter((path) => existsSync(join(ROOT, path))).map(readPage);
}

/** Rows of the table whose header line begins so, as trimmed cells, without header and rule. */
export function tableRows(page: Page, header: string): string[][] {
  const lines = page.text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(header));
  if (start < 0) throw new Error(`${page.path} has no table "${header}"`);
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    rows.push(
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** What stands in backticks. */
export function codeOf(text: string): string[] {
  return Array.from(text.matchAll(/`([^`\n]+)`/g), ([, code]) => code!);
}
