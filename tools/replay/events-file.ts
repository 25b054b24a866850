// Reader of events as JSON lines, as `freshet simulate` writes them: {"topic","key","at","value"}, one event a line; `value: null`
// is a tombstone. `at` may be left out: then it is the value's own, or, for a tombstone, that of the line before.
import { type SourceTopic, sourceTopics } from '../../schemas/records.ts';
import { type Line, linesOf } from './lines.ts';
import type { ReaderCount, ReplayReader, ReplayStep } from './reader.ts';
import { SourceFile } from './source-file.ts';

/** Why lines are refused. What the contracts refuse comes on top of it, with their codes. */
export const lineRefusalCodes = {
  'not-json': 'The line is not a JSON object.',
  'unknown-topic': 'The topic is not one that events can be sent to.',
  'missing-key': 'The key is not there or is not a text.',
  'missing-value': 'The value is neither an object nor null.',
  'missing-time': 'No event time: neither `at` nor `value.at` is a whole number.',
} as const;

/** A code of {@link lineRefusalCodes}. */
export type LineRefusalCode = keyof typeof lineRefusalCodes;

const TOPICS: ReadonlySet<string> = new Set<SourceTopic>(sourceTopics);

/** Opens a file, plain or gzip. @throws {ReplayFileError} when there is no such file. */
export async function openEventsFile(path: string): Promise<ReplayReader> {
  return new EventsFileReader(await SourceFile.open(path));
}

class EventsFileReader implements ReplayReader {
  readonly name = 'events';
  readonly version = 1;
  readonly unit = 'lines';
  readonly #file: SourceFile;
  #lines = 0;
  #used = 0;

  constructor(file: SourceFile) {
    this.#file = file;
  }

  get fileName(): string {
    return this.#file.name;
  }

  get totalBytes(): number {
    return this.#file.totalBytes;
  }

  get bytesRead(): number {
    return this.#file.bytesRead;
  }

  get unitsRead(): number {
    return this.#lines;
  }

  fingerprint(): Promise<string> {
    return this.#file.fingerprint();
  }

  counts(): readonly ReaderCount[] {
    return [
      { label: 'lines read', count: this.#lines },
      { label: 'lines that hold an event', count: this.#used },
      { label: 'lines refused', count: this.#lines - this.#used },
    ];
  }

  async *read(): AsyncGenerator<readonly ReplayStep[], void, undefined> {
    this.#lines = 0;
    this.#used = 0;
    let lastAt: number | undefined;
    for await (const lines of linesOf(this.#file.chunks())) {
      const steps: ReplayStep[] = [];
      for (const line of lines) {
        if (line.text.trim() === '') continue;
        const step = stepOf(line, lastAt);
        this.#lines += 1;
        if (step.kind === 'event') {
          this.#used += 1;
          lastAt = step.at;
        }
        steps.push(step);
      }
      yield steps;
    }
  }
}

function stepOf(line: Line, lastAt: number | undefined): ReplayStep {
  const refused = (code: LineRefusalCode): ReplayStep => {
    return { kind: 'refused', code, text: lineRefusalCodes[code], raw: line.text, line: line.number };
  };
  let event: unknown;
  try {
    event = JSON.parse(line.text);
  } catch {
    return refused('not-json');
  }
  if (!isObject(event)) return refused('not-json');
  const { topic, key, value } = event;
  if (typeof topic !== 'string' || !TOPICS.has(topic)) return refused('unknown-topic');
  if (typeof key !== 'string') return refused('missing-key');
  if (value !== null && !isObject(value)) return refused('missing-value');
  const at = event.at ?? (value === null ? lastAt : value.at);
  if (typeof at !== 'number' || !Number.isSafeInteger(at) || at < 0) return refused('missing-time');
  return { kind: 'event', topic, key, value, at, line: line.number };
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
