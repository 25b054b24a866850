// `--format clicks`: a table of clicks, tab-separated, with a header that names the columns SessionId, ItemId and Time in any order;
// other columns are ignored. A time is epoch seconds (a fraction is allowed), epoch ms or as ISO 8601 writes it.

import { ReplayFileError } from '../replay/reader.ts';
import { type Protocol, sessionsDataSet } from './sessions.ts';
import { eachLine } from './sessions-files.ts';
import type { DataSet } from './steps.ts';

export interface ClicksInput {
  readonly file: string;
  readonly protocol: Protocol;
  /** Share of the sessions, those that begin last, that are asked about. */
  readonly holdout: number;
  /** Most sessions that are learned before the first question, the last ones. */
  readonly limit: number;
  /** One question in so many is asked. */
  readonly askEvery: number;
}

/** A plain number below this is in seconds: as ms it would be a time before 1973. */
const SMALLEST_MS = 1e11;
const COLUMNS = ['SessionId', 'ItemId', 'Time'] as const;

interface Session {
  readonly items: string[];
  readonly times: number[];
}

/** Opens a file, plain or gzip. @throws {ReplayFileError} when it cannot be used. */
export async function openClicks({ file, protocol, holdout, limit, askEvery }: ClicksInput): Promise<DataSet> {
  const sessions = await readSessions(file);
  const held = Math.max(1, Math.floor(sessions.length * holdout));
  const learned = sessions.slice(0, sessions.length - held);
  const test = sessions.slice(sessions.length - held).map((session) => ({ ...session, askedFrom: 1 }));
  const train = learned.slice(Math.max(0, learned.length - limit));
  return sessionsDataSet({ name: `${file} (last ${held} sessions asked)`, protocol, train, test, askEvery });
}

/** Sessions in the order of their first clicks, the clicks of each in the order of their times. */
async function readSessions(path: string): Promise<Session[]> {
  const sessions = new Map<string, { item: string; at: number }[]>();
  let columns: readonly number[] | undefined;
  await eachLine(path, (text, number) => {
    const fields = text.split('\t');
    if (columns === undefined) {
      columns = COLUMNS.map((column) => fields.findIndex((field) => field.trim() === column));
      if (columns.includes(-1))
        throw new ReplayFileError(`${path}: its first line must name ${COLUMNS.join(', ')}, separated by tabs`);
      return;
    }
    const [session, item, time] = columns.map((column) => fields[column]?.trim() ?? '') as [string, string, string];
    const at = timeOf(time);
    if (session === '' || item === '' || at === undefined)
      throw new ReplayFileError(`${path}, line ${number}: a session, an item and a time are needed`);
    const clicks = sessions.get(session);
    if (clicks === undefined) sessions.set(session, [{ item, at }]);
    else clicks.push({ item, at });
  });
  if (sessions.size < 2) throw new ReplayFileError(`there are fewer than two sessions in ${path}`);
  const ordered: Session[] = [];
  for (const clicks of sessions.values()) {
    clicks.sort((a, b) => a.at - b.at);
    ordered.push({ items: clicks.map(({ item }) => item), times: clicks.map(({ at }) => at) });
  }
  return ordered.sort((a, b) => a.times[0]! - b.times[0]!);
}

/** Epoch ms of a time; `undefined` where it is none. */
export function timeOf(text: string): number | undefined {
  const plain = Number(text);
  const ms =
    text === '' ? Number.NaN : Number.isNaN(plain) ? Date.parse(text) : plain < SMALLEST_MS ? plain * 1_000 : plain;
  return Number.isFinite(ms) && ms >= 0 ? Math.round(ms) : undefined;
}
