// Starts OpenTelemetry where tracing is on. The SDK is loaded then and not before: off, it costs neither memory nor time.
//
// Where spans go, how many are kept and what else is said of the process is for the SDK's own variables to say
// (OTEL_EXPORTER_OTLP_ENDPOINT and others, docs/tracing.md), which it reads itself. Metrics have a file of their own, logs are not exported.

import { setTimeout as delay } from 'node:timers/promises';
import { type Logger, silentTracer, type Tracer } from '../engine/api/index.ts';
import { createOtelTracer } from '../engine/telemetry/index.ts';
import { otelVariables } from './config.ts';

/** Longest wait for spans on their way when the process ends, ms. A collector that is away is tried for 10 s by the SDK. */
const STOP_MS = 3_000;

export interface TracingOptions {
  readonly isOn: boolean;
  /** What viewers call the process, e.g. `freshet-engine`. OTEL_SERVICE_NAME does not override it. */
  readonly serviceName: string;
  /** What the records come from: `kafka`, or `freshet` for the embedded log. */
  readonly messagingSystem: string;
  /** Hears when spans cannot be sent. */
  readonly logger: Logger;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Sends what is left, for at most 3 s. Never rejects. */
  stop(): Promise<void>;
}

/** Only once in a process: the SDK registers itself for all of it. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  if (!options.isOn) return { tracer: silentTracer, stop: async () => {} };
  const { serviceName, messagingSystem, logger } = options;
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const { diag, DiagLogLevel } = await import('@opentelemetry/api');
  const quiet = () => {};
  const warn = (text: string) => logger.warn('tracing', { text });
  diag.setLogger({ error: warn, warn, info: quiet, debug: quiet, verbose: quiet }, { logLevel: DiagLogLevel.WARN });
  const sdk = new NodeSDK({ serviceName, metricReaders: [], logRecordProcessors: [], instrumentations: [] });
  sdk.start();
  return {
    tracer: await createOtelTracer({ messagingSystem, startsTraces: otelVariables().hasSampler }),
    async stop() {
      const end = new AbortController();
      const timeout = delay(STOP_MS, undefined, { signal: end.signal }).catch(() => undefined);
      await Promise.race([sdk.shutdown().catch((error: unknown) => warn(String(error))), timeout]);
      end.abort();
    },
  };
}
