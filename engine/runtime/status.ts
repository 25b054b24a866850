// The life of an engine. One place changes the status, and only along these arrows:
//
//   CREATED ──> OPENING ──> READY ──> RUNNING ──> STOPPING ──> CLOSED
//                  │          │  <──────┘            ▲
//                  │          └──────────────────────┤
//                  └────────> FAILED <── any ────────┘ (close is always possible)

import { EngineError } from '../api/index.ts';

export type EngineStatus = 'CREATED' | 'OPENING' | 'READY' | 'RUNNING' | 'STOPPING' | 'CLOSED' | 'FAILED';

const NEXT: Readonly<{ [status in EngineStatus]: readonly EngineStatus[] }> = {
  CREATED: ['OPENING', 'CLOSED'],
  OPENING: ['READY', 'STOPPING', 'FAILED'],
  READY: ['RUNNING', 'STOPPING', 'FAILED'],
  RUNNING: ['READY', 'STOPPING', 'FAILED'],
  STOPPING: ['CLOSED', 'FAILED'],
  FAILED: ['STOPPING', 'CLOSED'],
  CLOSED: [],
};

/** @throws {EngineError} `STATUS_INVALID` when `to` cannot follow `from`. */
export function nextStatus(from: EngineStatus, to: EngineStatus): EngineStatus {
  if (!NEXT[from].includes(to))
    throw new EngineError('STATUS_INVALID', `an engine that is ${from} cannot become ${to}`);
  return to;
}
