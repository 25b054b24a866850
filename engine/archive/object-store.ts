// The port to where history files lie: a folder or a bucket. Objects are written whole, never changed, and listed in the order of
// their names. Invariant: what `list` names can be read to its end, whenever a writer has died.

/** An object as a listing shows it. */
export interface StoredObject {
  /** Relative to the store's root, segments separated by `/`. */
  readonly name: string;
  readonly bytes: number;
}

/** See the head of the file. Every method rejects with the error of what is below it; a caller may try again. */
export interface ObjectStore {
  /**
   * Pages of the objects whose names begin with `prefix` and come after `after`, in byte order of their UTF-8 names. None
   * where there are none.
   */
  list(prefix: string, after?: string): AsyncIterable<readonly StoredObject[]>;
  /** Stores an object, whole or not at all; one of that name is replaced. Durable when it resolves. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** Bytes from `start` (inclusive) to `end` (exclusive), fewer where the object ends. Rejects when there is no such object. */
  read(name: string, start: number, end: number): Promise<Uint8Array>;
  /** Ends connections. Idempotent. */
  close(): Promise<void>;
}

/**
 * Refuses names that could lead out of a folder or that a listing would leave out.
 * @throws {RangeError}
 */
export function checkObjectName(name: string): void {
  const isFine = name
    .split('/')
    .every((segment) => segment !== '' && !segment.startsWith('.') && !segment.includes('\0'));
  if (!isFine) throw new RangeError(`"${name}" cannot name an object: a part is empty or begins with a dot`);
}
