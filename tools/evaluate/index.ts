export { type ClicksInput, openClicks } from './clicks-file.ts';
export { type EvaluationOptions, type EvaluationProgress, type EvaluationResult, evaluate } from './evaluation.ts';
export { type EventsInput, openEvents } from './event-file.ts';
export { evaluationPage } from './report-page.ts';
export { type BasketsInput, openBaskets } from './retail-baskets.ts';
export type { Protocol } from './sessions.ts';
export { openSessions, type SessionsInput } from './sessions-input.ts';
export type { DataSet } from './steps.ts';
export { evaluationText } from './text-report.ts';
