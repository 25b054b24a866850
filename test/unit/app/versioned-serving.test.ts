// Which version answers, and when: the next one when it is ready and not before, the one before at once.

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { test } from 'node:test';
import { VersionedServing } from '../../../app/versioned-serving.ts';
import { silentLogger, systemClock } from '../../../engine/api/index.ts';
import { MetricRegistry } from '../../../engine/telemetry/index.ts';
import type { ServingApp } from '../../../serving/index.ts';
import { poll } from '../../support/redis-topologies.ts';

/** Serving apps that do nothing but say that they were asked. */
class Apps {
  readonly events: string[] = [];
  readonly notReady = new Set<string>();
  readonly metrics = new MetricRegistry(systemClock);

  open(versions: { active: string; previous?: string }): Promise<VersionedServing> {
    return VersionedServing.open(
      {
        metrics: this.metrics,
        logger: silentLogger,
        create: async (version, metrics) => {
          metrics.gauge('answering', () => Number(version));
          return { app: this.#app(version), close: async () => void this.events.push(`close ${version}`) };
        },
      },
      versions,
    );
  }

  #app(version: string): ServingApp {
    return {
      handler: () => void this.events.push(`answer ${version}`),
      open: async () => void this.events.push(`open ${version}`),
      readiness: () => (this.notReady.has(version) ? { isReady: false, reason: 'reading' } : { isReady: true }),
      drain: () => void this.events.push(`drain ${version}`),
      endStreams: () => void this.events.push(`end streams of ${version}`),
      close: async () => {},
    };
  }
}

/** The version that answers a request now. */
function asked(serving: VersionedServing, apps: Apps): string {
  serving.handler({} as IncomingMessage, {} as ServerResponse);
  return apps.events.pop()!;
}

const answers = (serving: VersionedServing, version: string) =>
  poll(`version ${version}`, async () => serving.version === version);

test('the next version answers when it has read its tables, and the one before until then', async () => {
  const apps = new Apps();
  const serving = await apps.open({ active: '1' });
  apps.notReady.add('2');
  serving.take({ active: '2', previous: '1' });
  await poll('the next version to open', async () => apps.events.includes('open 2'));
  assert.equal(asked(serving, apps), 'answer 1');
  apps.notReady.delete('2');
  await answers(serving, '2');
  assert.equal(asked(serving, apps), 'answer 2');
  assert.ok(apps.events.includes('end streams of 1'), 'whose readers connect again, to the new one');
  assert.ok(!apps.events.includes('close 1'));
  await serving.close();
});

test('the version before is kept, so that switching back opens nothing', async () => {
  const apps = new Apps();
  const serving = await apps.open({ active: '1' });
  serving.take({ active: '2', previous: '1' });
  await answers(serving, '2');
  serving.take({ active: '1', previous: '2' });
  await answers(serving, '1');
  assert.deepEqual(
    apps.events.filter((event) => event.startsWith('open')),
    ['open 1', 'open 2'],
  );
  await serving.close();
  assert.deepEqual(apps.events.filter((event) => event.startsWith('close')).sort(), ['close 1', 'close 2']);
});

test('a later word takes the place of one that waits for its version', async () => {
  const apps = new Apps();
  const serving = await apps.open({ active: '1' });
  apps.notReady.add('2');
  serving.take({ active: '2', previous: '1' });
  await poll('the next version to open', async () => apps.events.includes('open 2'));
  serving.take({ active: '1', previous: '2' });
  apps.notReady.delete('2');
  serving.take({ active: '3', previous: '1' });
  await answers(serving, '3');
  assert.ok(!apps.events.includes('end streams of 2'), 'which was never served');
  await serving.close();
});

test('the process tells the gauges of the version that answers', async () => {
  const apps = new Apps();
  const gauge = (): number | undefined =>
    apps.metrics.gauges(assert.ifError).find(({ name }) => name === 'answering')?.value;
  const serving = await apps.open({ active: '1' });
  assert.equal(gauge(), 1);
  serving.take({ active: '2', previous: '1' });
  await answers(serving, '2');
  assert.equal(gauge(), 2);
  serving.take({ active: '1', previous: '2' });
  await answers(serving, '1');
  assert.equal(gauge(), 1);
  await serving.close();
});
