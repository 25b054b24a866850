export { DEAD_LETTER_HEADERS } from './dead-letters.ts';
export type { EngineStatus } from './status.ts';
export {
  COMMIT_STEPS,
  type CommitStep,
  columnFamiliesOf,
  StreamEngine,
  type StreamEngineOptions,
} from './stream-engine.ts';
