export * from './metric-registry.ts';
export { createOtelTracer, type OtelTracerOptions } from './otel-tracer.ts';
