export { EmbeddedLog, type EmbeddedLogOptions } from './embedded-log.ts';
export { LOG_COLUMN_FAMILY } from './partition-log.ts';
