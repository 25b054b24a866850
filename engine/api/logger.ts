/** Fields of a log line: numbers, short strings and flags. Never a key, a value or anything else that is personal. */
export type LogFields = Readonly<{ [name: string]: string | number | boolean | undefined }>;

/** One line per transition, never one per record. */
export interface Logger {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = { info() {}, warn() {}, error() {} };
