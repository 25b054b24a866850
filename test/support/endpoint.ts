// The endpoint for one test: it says nothing, counts nothing and is ready, and closes when the test ends.
import type { TestContext } from 'node:test';
import { silentLogger, silentMetrics, systemClock } from '../../engine/api/index.ts';
import { createServingApp, type ServingApp, type ServingOptions } from '../../serving/index.ts';

/** Opens an endpoint over these lists, with what else a test sets. */
export async function openEndpoint(
  t: TestContext,
  options: Partial<ServingOptions> & Pick<ServingOptions, 'lists'>,
): Promise<ServingApp> {
  const app = createServingApp({
    clock: systemClock,
    logger: silentLogger,
    metrics: silentMetrics,
    readiness: () => ({ isReady: true }),
    ...options,
  });
  await app.open();
  t.after(() => app.close());
  return app;
}
