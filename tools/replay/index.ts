export { openEventsFile } from './events-file.ts';
export { type HistoryOptions, openHistory } from './history.ts';
export { openOnlineRetail } from './online-retail.ts';
export { createProgressView, type ProgressOutput, type ProgressView, replaySummary } from './progress.ts';
export { decodeProgress, type ReplayCounts, type ReplayProgress, replayProgressTopic } from './progress-record.ts';
export { ReplayFileError, type ReplayReader, type ReplayStep } from './reader.ts';
export { type ReplayOptions, type ReplayReport, type ReplayResult, type ReplayTarget, replay } from './replay.ts';
