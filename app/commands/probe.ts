// `freshet probe`: the synthetic shopper as a process of its own, in front of an endpoint.

import { randomUUID } from 'node:crypto';
import { systemClock } from '../../engine/api/index.ts';
import { KafkaAppender } from '../../engine/kafka/index.ts';
import { createSerdes } from '../../schemas/index.ts';
import { createServingClient } from '../../serving/index.ts';
import type { Config } from '../config.ts';
import { kafkaClientOptions, sourceTopicName } from '../kafka.ts';
import { createLogger } from '../logging.ts';
import { startMetrics } from '../metrics.ts';
import { FreshnessProbe, type SendView } from '../probe.ts';
import { producerRecord } from '../producer-record.ts';
import { openRegistry } from '../registry.ts';
import { startTracing } from '../tracing.ts';

interface Sender {
  readonly send: SendView;
  close(): Promise<void>;
}

/** As a producer of the shop's. */
async function kafkaSender(
  config: Config,
  logger: ReturnType<typeof createLogger>,
  signal: AbortSignal,
): Promise<Sender> {
  const schemas = await openRegistry(config, systemClock, logger, signal);
  const serdes = createSerdes(schemas);
  const appender = new KafkaAppender({
    client: kafkaClientOptions(config, logger),
    topicName: (topic) => sourceTopicName(config, topic),
  });
  return {
    async send({ visitorId, sessionId, itemId }, traceparent) {
      const eventId = randomUUID();
      const at = Date.now();
      const nothing = { userId: null, listId: null, placement: null, query: null, rating: null, dwellMs: null };
      const coarse = { quantity: null, device: null, region: null, referrer: null };
      const click = { eventId, visitorId, sessionId, at, kind: 'view' as const, itemId, ...nothing, ...coarse };
      const record = producerRecord(serdes, 'clicks', visitorId, click, at);
      await appender.append([traceparent === undefined ? record : { ...record, headers: { traceparent } }]);
      return eventId;
    },
    async close() {
      await appender.close();
      schemas.close();
    },
  };
}

/** Through the intake of the demo shop's page, which runs in the engine's process. */
function demoSender(url: string): Sender {
  return {
    async send(view) {
      const response = await fetch(new URL('/shop/events', url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ kind: 'view', ...view }),
      });
      if (!response.ok) throw new Error(`the shop answered ${response.status}`);
      return ((await response.json()) as { eventId: string }).eventId;
    },
    close: async () => {},
  };
}

export async function runProbe(
  config: Config,
  { url, kafka }: { readonly url: string; readonly kafka: boolean },
  signal: AbortSignal,
): Promise<void> {
  const logger = createLogger(config.logLevel, 'freshet-probe');
  const serviceName = 'freshet-probe';
  const messagingSystem = kafka ? 'kafka' : 'freshet';
  const measuring = await startMetrics({ config, serviceName, messagingSystem, logger });
  const tracing = await startTracing({ isOn: config.tracing === 'on', serviceName, messagingSystem, logger });
  const sender = kafka ? await kafkaSender(config, logger, signal) : demoSender(url);
  const key = config.probeApiKey;
  const probe = new FreshnessProbe({
    client: createServingClient(url, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
    send: sender.send,
    partitions: config.partitions,
    objectiveMs: config.freshnessObjectiveMs,
    intervalMs: config.probeIntervalMs,
    metrics: measuring.registry,
    logger,
    tracer: tracing.tracer,
  });
  process.stdout.write(`A probe looks whether ${url} keeps what is promised. Ctrl-C ends it.\n`);
  if (measuring.url !== undefined) process.stdout.write(`Metrics: ${measuring.url}\n`);
  try {
    await probe.run(signal);
  } finally {
    await sender.close();
    await tracing.stop();
    await measuring.stop();
  }
}
