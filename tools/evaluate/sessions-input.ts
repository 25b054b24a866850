// `--format sessions`: the files, what of them is used, and their times.

import { ReplayFileError } from '../replay/reader.ts';
import { EvenTimes, type Protocol, sessionsDataSet } from './sessions.ts';
import { readTestSessions, readTrainSessions } from './sessions-files.ts';
import type { DataSet } from './steps.ts';

export interface SessionsInput {
  readonly train: string;
  /** `undefined` with a holdout. */
  readonly test: string | undefined;
  readonly protocol: Protocol;
  readonly spanDays: number;
  /** Share of the training sessions, the last ones, that are asked about in place of the test file; 0 for none. */
  readonly holdout: number;
  /** Most training sessions that are learned, the last ones; they keep the times that they have among all. */
  readonly limit: number;
  /** One question in so many is asked. */
  readonly askEvery: number;
}

/** Opens the files. @throws {ReplayFileError} when a file cannot be used. */
export async function openSessions(input: SessionsInput): Promise<DataSet> {
  const sessions = await readTrainSessions(input.train);
  const held = Math.floor(sessions.length * input.holdout);
  if (held === 0 && input.test === undefined) throw new ReplayFileError('a test file or a holdout is needed');
  const learned = sessions.slice(0, sessions.length - held);
  const asked =
    held > 0
      ? sessions.slice(sessions.length - held).map((items) => ({ items, askedFrom: 1 }))
      : await readTestSessions(input.test!);
  const clicks = [...learned, ...asked.map(({ items }) => items)].reduce((sum, { length }) => sum + length, 0);
  const times = new EvenTimes(clicks, input.spanDays);
  const train = learned.map((items) => times.give({ items }));
  const test = asked.map((session) => times.give(session));
  return sessionsDataSet({
    name: held > 0 ? `${input.train} (last ${held} sessions held out)` : `${input.train}, ${input.test}`,
    protocol: input.protocol,
    train: train.slice(Math.max(0, train.length - input.limit)),
    test,
    askEvery: input.askEvery,
  });
}
