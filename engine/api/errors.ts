/** Every code that an {@link EngineError} can carry. Codes are stable, texts are not. */
export type EngineErrorCode =
  | 'TOPOLOGY_INVALID'
  | 'STATUS_INVALID'
  | 'STORE_UNKNOWN'
  | 'TOPIC_UNKNOWN'
  | 'PARTITION_COUNT_MISMATCH'
  | 'OFFSET_OUT_OF_RANGE'
  | 'BATCH_UNREADABLE'
  | 'DATABASE_LOCKED'
  | 'DATABASE_FAILED'
  | 'STATE_FORMAT_UNKNOWN'
  | 'PUNCTUATOR_FAILED'
  | 'GLOBAL_STORE_FAILED'
  | 'RECORD_TOO_LARGE'
  | 'TOPIC_MISSING'
  | 'TOPIC_SETTINGS_WRONG'
  | 'BROKER_UNAVAILABLE'
  | 'TASK_FENCED'
  | 'COMMIT_UNCERTAIN'
  | 'COMMIT_REFUSED'
  | 'MEMBERSHIP_FAILED';

/** What the runtime does about an error: refuse the record that caused it, or stop, since no record is to blame. */
export type ErrorReaction = 'refuse' | 'shutdown';

/** Where an error happened, as far as it is known. */
export interface ErrorContext {
  readonly taskId?: number;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly store?: string;
  readonly node?: string;
}

/** Root of the engine's errors. Mistakes of the caller are `TypeError` or `RangeError` instead. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: EngineErrorCode;
  readonly reaction: ErrorReaction;
  readonly context: ErrorContext;

  constructor(
    code: EngineErrorCode,
    message: string,
    options: { reaction?: ErrorReaction; context?: ErrorContext; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.reaction = options.reaction ?? 'shutdown';
    this.context = options.context ?? {};
  }
}

/**
 * Thrown by a deserializer, a validator or a processor that refuses one record. The record goes to the dead-letter
 * topic with this code and text and the stream goes on.
 */
export class RefusedRecordError extends Error {
  override readonly name = 'RefusedRecordError';
  /** Stable, kebab-case, documented in docs/contracts.md. */
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Whether a record, or what is made of one, can be left out for an error: no disk that fails, no state that cannot be read. */
export function isRefusable(error: unknown): boolean {
  return !(error instanceof EngineError) || error.reaction === 'refuse';
}

/** What an error is called where its text must not be told, as in spans and metrics: its code, else its class. */
export function errorType(error: unknown): string {
  if (error instanceof EngineError || error instanceof RefusedRecordError) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
