export { type AssignorOptions, taskAssignor } from './assignor.ts';
export { COMMIT_STEPS, type CommitStep } from './commit-step.ts';
export { DEAD_LETTER_HEADERS } from './dead-letters.ts';
export {
  GroupEngine,
  type GroupEngineOptions,
  globalColumnFamiliesOf,
  taskColumnFamiliesOf,
} from './group-engine.ts';
export type { EngineStatus } from './status.ts';
export {
  columnFamiliesOf,
  StreamEngine,
  type StreamEngineOptions,
} from './stream-engine.ts';
export type { TaskRole, TaskView } from './task-slot.ts';
