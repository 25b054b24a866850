// What a run hands to the log and to Redis, commit by commit: the floor plays it again and computes nothing.

import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import type {
  ChangelogRecord,
  ProducerRecord,
  SharedLog,
  SinkEntry,
  TaskWriter,
  VersionedSink,
} from '../../engine/api/index.ts';

export interface TapeCommit {
  readonly changelog: readonly ChangelogRecord[];
  readonly records: readonly ProducerRecord[];
  /** What was published between this commit and the task's next, by any task: a fourth of it or so is its own. */
  readonly entries: SinkEntry[];
}

export interface Tape {
  /** Commits of each task, by its number. */
  readonly tasks: TapeCommit[][];
}

export class TapeRecorder {
  readonly #tasks: TapeCommit[][];
  #last: TapeCommit | undefined;

  constructor(partitions: number) {
    this.#tasks = Array.from({ length: partitions }, () => []);
  }

  /** The same log, whose writers are listened to. */
  listen(log: SharedLog): void {
    const claim = log.claim.bind(log);
    log.claim = async (taskId: number) => this.#writer(taskId, await claim(taskId));
  }

  #writer(taskId: number, writer: TaskWriter): TaskWriter {
    return {
      get isUnsettled() {
        return writer.isUnsettled;
      },
      commit: async (changelog, records) => {
        const end = await writer.commit(changelog, records);
        this.#last = {
          changelog: changelog.map(({ key, value }) => ({ key: copy(key), value: value && copy(value) })),
          records: records.map((record) => ({ ...record, value: record.value && copy(record.value) })),
          entries: [],
        };
        this.#tasks[taskId]!.push(this.#last);
        return end;
      },
      close: () => writer.close(),
    };
  }

  /** The same sink, listened to. */
  sink(sink: VersionedSink): VersionedSink {
    return {
      publish: async (entries) => {
        await sink.publish(entries);
        for (const { key, value, version } of entries)
          this.#last?.entries.push({ key, value: value && copy(value), version });
      },
    };
  }

  save(path: string): void {
    writeFileSync(path, serialize({ tasks: this.#tasks } satisfies Tape));
  }
}

export const readTape = (path: string): Tape => deserialize(readFileSync(path)) as Tape;

/** A view of a pool would be written with the whole pool. */
const copy = (bytes: Uint8Array) => Uint8Array.prototype.slice.call(bytes);
