import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { startTracing } from '../../app/tracing.ts';
import { silentLogger } from '../../engine/api/index.ts';
import { sampled } from '../support/recording-tracer.ts';

test('a collector that refuses spans is told in the log, and stops nobody', async (t) => {
  const server = createServer((request, response) => {
    request.resume();
    response.statusCode = 400;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${port}`;
  process.env.OTEL_EXPORTER_OTLP_PROTOCOL = 'http/json';
  const warnings: string[] = [];
  const { tracer, stop } = await startTracing({
    isOn: true,
    serviceName: 'freshet-engine',
    messagingSystem: 'simulated',
    logger: { ...silentLogger, warn: (text) => void warnings.push(text) },
  });
  const span = tracer.startSpan('work', { parent: sampled(1) });
  assert.match(span.traceparent, new RegExp(`^00-${sampled(1).slice(3, 35)}-[0-9a-f]{16}-01$`));
  span.end();
  await stop();
  assert.ok(warnings.includes('tracing'), 'the log says nothing');
});
