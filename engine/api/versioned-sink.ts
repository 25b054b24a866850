/** A value to publish outside the log, e.g. a top-N list. */
export interface SinkEntry {
  readonly key: string;
  /** `null` removes the key. */
  readonly value: Uint8Array | null;
  /** Commit number of the task that owns the key. A sink keeps a value only over an equal or older version. */
  readonly version: number;
}

/**
 * A store outside the engine that is written after a commit, never before, and read by others.
 *
 * Publishing is idempotent and may be repeated: an entry with a version below the stored one is ignored, so a task's
 * former owner cannot put an old value back.
 */
export interface VersionedSink {
  publish(entries: readonly SinkEntry[]): void | Promise<void>;
  /**
   * A text that changes when what was published may be gone. Who publishes asks from time to time, and publishes everything again
   * when it differs. A sink without it never loses anything.
   */
  generation?(): Promise<string>;
}
