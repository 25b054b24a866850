export * from './metric-registry.ts';
