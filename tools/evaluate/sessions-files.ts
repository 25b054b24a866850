// Readers of sessions: `train`, one session a line, item ids separated by blanks, oldest first; `test`, prefix, tab, target. A test
// session appears as several prefixes: those of the published Diginetica split follow each other, the longest first. They are put
// together again, so that a session can be asked about click by click and, test-then-train, be learned.

import { linesOf } from '../replay/lines.ts';
import { ReplayFileError } from '../replay/reader.ts';
import { SourceFile } from '../replay/source-file.ts';
import type { AskedSession } from './sessions.ts';

/** Sessions of a `train` file. @throws {ReplayFileError} when there is no such file or it holds no session. */
export async function readTrainSessions(path: string): Promise<string[][]> {
  const sessions: string[][] = [];
  await eachLine(path, (text) => {
    const items = itemsOf(text);
    if (items.length > 0) sessions.push(items);
  });
  if (sessions.length === 0) throw new ReplayFileError(`there is no session in ${path}`);
  return sessions;
}

/** Sessions of a `test` file. @throws {ReplayFileError} when there is no such file or a line is not a prefix, a tab and a target. */
export async function readTestSessions(path: string): Promise<AskedSession[]> {
  const pairs: string[][] = [];
  await eachLine(path, (text, number) => {
    const [prefix, target, ...others] = text.split('\t');
    const items = itemsOf(prefix ?? '');
    if (target === undefined || target.trim() === '' || items.length === 0 || others.length > 0)
      throw new ReplayFileError(`${path}, line ${number}: it must be a prefix, a tab and a target`);
    pairs.push([...items, target.trim()]);
  });
  return wholeSessions(pairs);
}

/**
 * Prefixes with their targets, as sessions. A line that is the line before without its target asks about the same session, one click
 * earlier; any other line begins a session. So there are as many questions as lines.
 */
export function wholeSessions(pairs: readonly (readonly string[])[]): AskedSession[] {
  const sessions: { items: readonly string[]; askedFrom: number }[] = [];
  let before: readonly string[] = [];
  for (const pair of pairs) {
    const session = sessions.at(-1);
    if (session !== undefined && pair.length === before.length - 1 && isStart(pair, before)) session.askedFrom--;
    else sessions.push({ items: pair, askedFrom: pair.length - 1 });
    before = pair;
  }
  return sessions;
}

function isStart(start: readonly string[], of: readonly string[]): boolean {
  return start.length < of.length && start.every((item, i) => item === of[i]);
}

function itemsOf(text: string): string[] {
  return text.split(' ').filter((item) => item !== '');
}

/** Calls `visit` with each line that is not empty. */
export async function eachLine(path: string, visit: (text: string, number: number) => void): Promise<void> {
  const file = await SourceFile.open(path);
  for await (const lines of linesOf(file.chunks()))
    for (const { text, number } of lines) if (text.trim() !== '') visit(text, number);
}
