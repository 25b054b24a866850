export { sizeReport } from './report.ts';
export { rebalances } from './simulate.ts';
export { DEFAULT_ASSUMPTIONS, sizeOf } from './size.ts';
