export { DISTRIBUTION_WINDOW_MS } from './distribution.ts';
export * from './metric-registry.ts';
export { createMetricProducer, type MetricProducerOptions, prometheusName } from './otel-metrics.ts';
export { createOtelTracer, type OtelTracerOptions } from './otel-tracer.ts';
