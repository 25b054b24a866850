// Freshet events as JSON lines, as `freshet simulate` writes them: each is asked about from the state before it, then learned. Asked are
// - next click: a view or a click in a list, of a visitor who did something before, unless it is about the item that the visitor
//   dealt with last (the view that a click in a list leads to is no riddle);
// - next order: each item of a placed order of a visitor who did something before.
// Of every question the target is what the visitor deals with next, whatever the time between.

import { RefusedRecordError } from '../../engine/api/index.ts';
import { fromJson, type SourceTopic } from '../../schemas/index.ts';
import { openEventsFile, type ReplayReader, type ReplayStep } from '../replay/index.ts';
import { EventVisits } from './event-visits.ts';
import type { DataSet, LearnStep, Step } from './steps.ts';

export interface EventsInput {
  readonly file: string;
  /** Share of the lines, the last ones, that are asked about. */
  readonly holdout: number;
  /** One question in so many is asked. */
  readonly askEvery: number;
}

/** Opens a file, plain or gzip. @throws {ReplayFileError} when it cannot be used. */
export async function openEvents({ file, holdout, askEvery }: EventsInput): Promise<DataSet> {
  const reader = await openEventsFile(file);
  const count = await countSteps(reader);
  const learned = Math.floor(count * (1 - holdout));
  return {
    name: `${file} (last ${count - learned} of ${count} events asked)`,
    protocol: 'test-then-train',
    doneShare: () => (count === 0 ? 1 : Math.min(1, reader.unitsRead / count)),
    async *steps() {
      const visitors = new EventVisits();
      let number = 0;
      let questions = 0;
      for await (const read of reader.read()) {
        const steps: Step[] = [];
        for (const step of read) {
          const learn = learnStepOf(step);
          if (learn === undefined) continue;
          const question = number++ < learned ? undefined : visitors.questionOf(learn);
          if (question !== undefined && questions++ % askEvery === 0) steps.push(question);
          steps.push(visitors.noted(learn));
        }
        yield steps;
      }
    },
  };
}

async function countSteps(reader: ReplayReader): Promise<number> {
  let count = 0;
  for await (const steps of reader.read()) for (const step of steps) if (step.kind === 'event') count++;
  return count;
}

/** The event of a line; `undefined` for a line that the contracts refuse. */
function learnStepOf(step: ReplayStep): LearnStep | undefined {
  if (step.kind !== 'event' || step.key === undefined) return undefined;
  const topic = step.topic as SourceTopic;
  try {
    const value = step.value === null ? null : fromJson(topic, step.value);
    return { kind: 'learn', topic, key: step.key, value, at: step.at, visit: undefined };
  } catch (error) {
    if (error instanceof RefusedRecordError) return undefined;
    throw error;
  }
}
