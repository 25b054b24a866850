import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { test } from 'node:test';
import { silentLogger, silentTracer } from '../../engine/api/index.ts';

test('off, tracing loads nothing of OpenTelemetry and gives a silent tracer', async (t) => {
  const loaded: string[] = [];
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier.startsWith('@opentelemetry/')) loaded.push(specifier);
      return next(specifier, context);
    },
  });
  t.after(() => hooks.deregister());
  const { startTracing } = await import('../../app/tracing.ts');
  const options = { serviceName: 'freshet-engine', messagingSystem: 'kafka', logger: silentLogger };
  const tracing = await startTracing({ isOn: false, ...options });
  assert.equal(tracing.tracer, silentTracer);
  await tracing.stop();
  assert.deepEqual(loaded, []);
});
