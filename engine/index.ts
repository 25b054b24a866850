// The engine's public API: everything that an application of its own needs. A guide with an example is in docs/engine.md.

export * from './api/index.ts';
export * from './embedded/index.ts';
export * from './graph/index.ts';
export * from './runtime/index.ts';
export * from './telemetry/index.ts';
