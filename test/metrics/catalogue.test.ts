// What the catalogue declares is what is used in the code, and what an embedded engine with its endpoint says of itself. The rest of it is said
// where there are Kafka and Redis: production.test.ts.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CATALOGUE } from '../../app/instruments.ts';
import { prometheusName } from '../../engine/telemetry/index.ts';
import { startCommand } from '../support/command-process.ts';
import { suiteOwner } from '../support/kafka-server.ts';
import { readMetrics } from '../support/metrics-page.ts';
import { assertDeclared } from './held-against.ts';

const root = join(import.meta.dirname, '..', '..');

interface Sent {
  readonly resourceMetrics: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics: readonly { readonly name: string; readonly unit?: string }[];
    }[];
  }[];
}

/** What only a group on Kafka and Redis does, or what only failures do. */
const ELSEWHERE = [
  'db.client.operation.duration',
  'freshet.group.',
  'freshet.history.',
  'freshet.lists.waiting',
  'freshet.probe.',
  'freshet.requests.refused',
  'freshet.restore.',
  'freshet.task.',
];

test('every instrument that the code asks for is declared, as what it is', () => {
  const kinds = new Map(CATALOGUE.map(({ name, kind }) => [name, kind]));
  let used = 0;
  for (const file of globSync('{app,engine,lists,processors,serving,state,tools,topology}/**/*.ts', { cwd: root })) {
    const source = readFileSync(join(root, file), 'utf8');
    for (const [, kind, name] of source.matchAll(/\.(counter|histogram|gauge)\(\s*'([a-z][a-z0-9_.]+)'/g)) {
      used += 1;
      const declared = kinds.get(name!);
      // A counter that is kept elsewhere is read like a gauge.
      assert.ok(declared === kind || (kind === 'gauge' && declared === 'counter'), `${file}: ${kind} ${name}`);
    }
  }
  assert.ok(used > 40, `${used} were found`);
});

test('names are of the conventions, and no two are the same in Prometheus', () => {
  for (const { name, text: words, attributes } of CATALOGUE) {
    assert.match(name, /^(freshet|messaging|http|db|nodejs|v8js|process)(\.[a-z][a-z0-9_]*)+$/);
    assert.match(words, /^[A-Z1].*\.$/, name);
    for (const attribute of attributes) assert.match(attribute, /^[a-z0-9]+(\.[a-z_0-9]+)+$/, name);
  }
  const names = CATALOGUE.map(prometheusName);
  assert.equal(new Set(names).size, names.length);
});

describe('an embedded engine with its endpoint', () => {
  const owner = suiteOwner();

  test('says all that is declared, and nothing else', async () => {
    const shop = startCommand(owner, ['start'], { FRESHET_METRICS_PORT: '0' });
    const [url] = await shop.until(/http:\/\/\S+(?=\n)/);
    const [, page] = await shop.until(/Metrics: (\S+)/);
    assert.equal((await fetch(`${url}/v1/visitors/nobody/recommendations`)).status, 200);
    for (const fault of ['unknown-item', 'unreadable']) {
      const body = JSON.stringify({ kind: 'bad', fault, visitorId: 'v', sessionId: 's' });
      const headers = { 'content-type': 'application/json' };
      assert.equal((await fetch(`${url}/shop/events`, { method: 'POST', headers, body })).status, 202);
    }
    const expected = CATALOGUE.map(({ name }) => name).filter(
      (name) => !ELSEWHERE.some((beginning) => name.startsWith(beginning)),
    );
    let missing = expected;
    for (const deadline = performance.now() + 60_000; missing.length > 0; await delay(200)) {
      const said = assertDeclared(await readMetrics(page!));
      missing = expected.filter((name) => !said.has(name));
      assert.ok(performance.now() < deadline, `nobody says ${missing.join(', ')}`);
    }
  });

  test('sends the same to a collector where one is named, under the names of the conventions', async () => {
    const bodies: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const collector = createServer(async (sent, response) => {
      if (sent.url === '/v1/metrics') bodies.push(await text(sent));
      response.setHeader('content-type', 'application/json').end('{}');
      if (bodies.at(-1)?.includes('freshet.commit.duration')) resolve();
    }).listen(0, '127.0.0.1');
    owner.after(async () => void collector.close());
    await once(collector, 'listening');
    const { port } = collector.address() as AddressInfo;
    const shop = startCommand(owner, ['start'], {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
    });
    await shop.until(/http:\/\/\S+(?=\n)/);
    await promise;
    await shop.stop();
    const { resourceMetrics } = JSON.parse(bodies.at(-1)!) as Sent;
    const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const names = new Map(CATALOGUE.map(({ name, unit }) => [name, unit]));
    for (const { name, unit = '' } of metrics) assert.equal(names.get(name), unit, name);
    assert.ok(metrics.length > 20);
  });

  test('answers programs of this machine alone, and nothing but the page', async () => {
    const shop = startCommand(owner, ['start'], { FRESHET_METRICS_PORT: '0' });
    const [, page] = await shop.until(/Metrics: (\S+)/);
    assert.equal((await fetch(new URL('/', page))).status, 404);
    assert.equal((await fetch(page!, { method: 'POST' })).status, 404);
    const status = await new Promise((resolve) =>
      request(page!, { headers: { host: 'evil.example' } }, (response) => resolve(response.statusCode)).end(),
    );
    assert.equal(status, 421);
    assert.equal(await shop.stop(), 0);
  });
});
