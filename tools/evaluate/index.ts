export { type EvaluationOptions, type EvaluationProgress, type EvaluationResult, evaluate } from './evaluation.ts';
export { DEFAULT_SPAN_DAYS, type Protocol } from './sessions.ts';
export { openSessions, type SessionsInput } from './sessions-input.ts';
export { evaluationText } from './text-report.ts';
