// Metrics of the process: the registry that everything counts in, and those who read it. A reader is loaded where it is asked for: Prometheus by a
// port, OTLP by the collector's address, which is said with OpenTelemetry's own variables.

import { setTimeout as delay } from 'node:timers/promises';
import type { Resource } from '@opentelemetry/resources';
import type { MetricProducer, MetricReader } from '@opentelemetry/sdk-metrics';
import { type Logger, systemClock } from '../engine/api/index.ts';
import { createMetricProducer, MetricRegistry } from '../engine/telemetry/index.ts';
import { startHttpServer } from '../serving/index.ts';
import { type Config, type OtelVariables, otelVariables } from './config.ts';
import { CATALOGUE } from './instruments.ts';
import { servedHosts } from './loopback.ts';
import { watchProcess } from './process-metrics.ts';

/** Longest wait for values on their way when the process ends, ms. */
const STOP_MS = 3_000;

export interface MeasuringOptions {
  readonly config: Pick<Config, 'metricsHost' | 'metricsPort'>;
  /** What the process is called in `target_info` and at a collector, e.g. `freshet-engine`. */
  readonly serviceName: string;
  /** What the records come from: `kafka`, or `freshet` for the embedded log. */
  readonly messagingSystem: string;
  /** Hears when values cannot be sent. */
  readonly logger: Logger;
  readonly variables?: OtelVariables;
}

export interface Measuring {
  readonly registry: MetricRegistry;
  /** Where Prometheus reads them; `undefined` where it does not. */
  readonly url: string | undefined;
  /** Sends what is left, for at most 3 s. Never rejects. */
  stop(): Promise<void>;
}

interface Reader {
  readonly reader: MetricReader;
  readonly url?: string;
  close?(): Promise<void>;
}

/** @throws {ListenError} when the port cannot be had. */
export async function startMetrics(options: MeasuringOptions): Promise<Measuring> {
  const { config, variables = otelVariables(), logger } = options;
  const registry = new MetricRegistry(systemClock, CATALOGUE);
  const { metricsHost: host, metricsPort: port } = config;
  if (port === undefined && !variables.sendsMetrics) return { registry, url: undefined, stop: async () => {} };

  const resource = await resourceOf(options.serviceName);
  const producer = (hasUnitNames: boolean) =>
    createMetricProducer({ registry, messagingSystem: options.messagingSystem, resource, hasUnitNames });
  const readers: Reader[] = [];
  if (port !== undefined) readers.push(await prometheus(await producer(true), host, port));
  if (variables.sendsMetrics) readers.push({ reader: await otlp(await producer(false), variables) });
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics');
  const provider = new MeterProvider({ resource, readers: readers.map(({ reader }) => reader) });
  const endProcess = watchProcess(registry);
  return {
    registry,
    url: readers.find(({ url }) => url !== undefined)?.url,
    async stop() {
      endProcess();
      const end = new AbortController();
      const timeout = delay(STOP_MS, undefined, { signal: end.signal }).catch(() => undefined);
      const sent = provider.shutdown().catch((error: unknown) => logger.warn('metrics', { text: String(error) }));
      await Promise.race([sent, timeout]);
      end.abort();
      for (const { close } of readers) await close?.();
    },
  };
}

async function resourceOf(serviceName: string): Promise<Resource> {
  const { defaultResource, detectResources, envDetector, hostDetector, resourceFromAttributes } = await import(
    '@opentelemetry/resources'
  );
  const detected = detectResources({ detectors: [envDetector, hostDetector] });
  await detected.waitForAsyncAttributes?.();
  return defaultResource()
    .merge(detected)
    .merge(resourceFromAttributes({ 'service.name': serviceName }));
}

/** A server of our own, so that a port that is taken is told as any other is, and other sites' pages read nothing. */
async function prometheus(producer: MetricProducer, host: string, port: number): Promise<Reader> {
  const { PrometheusExporter } = await import('@opentelemetry/exporter-prometheus');
  const reader = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [producer],
  });
  const hosts = servedHosts(host);
  const server = await startHttpServer({
    handler(request, response) {
      const name = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
      if (hosts !== undefined && !hosts.includes(name)) response.writeHead(421).end();
      else if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') response.writeHead(404).end();
      else reader.getMetricsRequestHandler(request, response);
    },
    host,
    port,
    variables: { host: 'FRESHET_METRICS_HOST', port: 'FRESHET_METRICS_PORT' },
    isExclusive: true,
  });
  return { reader, url: `${server.url}/metrics`, close: () => server.stop() };
}

async function otlp(producer: MetricProducer, { metricsProtocol, metricIntervalMs }: OtelVariables) {
  const { PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } = await (metricsProtocol === 'grpc'
    ? import('@opentelemetry/exporter-metrics-otlp-grpc')
    : metricsProtocol === 'http/json'
      ? import('@opentelemetry/exporter-metrics-otlp-http')
      : import('@opentelemetry/exporter-metrics-otlp-proto'));
  return new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: metricIntervalMs,
    exportTimeoutMillis: Math.min(metricIntervalMs, 30_000),
    metricProducers: [producer],
  });
}
