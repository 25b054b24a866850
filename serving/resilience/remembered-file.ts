// The file of what everybody is answered with: lists of segments, item blocks, campaigns, and the cards of listed items. A process that is
// started while the store is away begins with it. It holds nothing of any visitor.
//
// One line of JSON for each entry: [key, version, value in base64]; the first line names the format, the last one says how many there are, so
// that a file that was cut short is not taken for a whole one.
import { readFile } from 'node:fs/promises';
import type { ListEntry } from '../../lists/index.ts';
import { replaceFile } from '../replace-file.ts';

const FORMAT = { format: 'freshet-remembered-lists', version: 1 } as const;
/** Lines that are made at a time, between which requests are answered. */
const LINES_AT_A_TIME = 100;
/** Larger files are not ours. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/** What the file holds; `undefined` when there is none. @throws {TypeError} when it is none of ours or not whole. */
export async function readRemembered(path: string): Promise<readonly ListEntry[] | undefined> {
  const text = await readText(path);
  if (text === undefined) return undefined;
  const lines = text.trimEnd().split('\n');
  const entries = lines.slice(1, -1).map(parseEntry);
  const isWhole = lines[0] === JSON.stringify(FORMAT) && lines.at(-1) === JSON.stringify({ entries: entries.length });
  if (!isWhole) throw new TypeError('the file of remembered lists is not whole, or of another format');
  return entries;
}

/** Replaces the file. @throws what the file system throws; then the old file is still there. */
export async function writeRemembered(path: string, entries: readonly ListEntry[]): Promise<void> {
  await replaceFile(path, async (file) => {
    await file.writeFile(`${JSON.stringify(FORMAT)}\n`);
    for (let i = 0; i < entries.length; i += LINES_AT_A_TIME) {
      const lines = entries.slice(i, i + LINES_AT_A_TIME).map(formatEntry);
      await file.writeFile(lines.join(''));
    }
    await file.writeFile(`${JSON.stringify({ entries: entries.length })}\n`);
  });
}

async function readText(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    if (bytes.length > MAX_FILE_BYTES) throw new TypeError(`the file of remembered lists has ${bytes.length} bytes`);
    return bytes.toString('utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function formatEntry({ key, version, value }: ListEntry): string {
  return `${JSON.stringify([key, version, Buffer.from(value).toString('base64')])}\n`;
}

function parseEntry(line: string): ListEntry {
  const parts: unknown = JSON.parse(line);
  const [key, version, value] = Array.isArray(parts) ? (parts as unknown[]) : [];
  if (typeof key !== 'string' || !Number.isSafeInteger(version) || typeof value !== 'string') {
    throw new TypeError('a line of the file of remembered lists is no entry');
  }
  return { key, version: version as number, value: Buffer.from(value, 'base64') };
}
