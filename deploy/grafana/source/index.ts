import type { Board } from './dashboard.ts';
import { engine } from './engine.ts';
import { freshness } from './freshness.ts';
import { recommendations } from './recommendations.ts';
import { serving } from './serving.ts';

/** Every dashboard. */
export const BOARDS: readonly Board[] = [freshness, engine, serving, recommendations];
export { buildDashboard } from './dashboard.ts';
