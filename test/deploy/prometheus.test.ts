// The real Prometheus beside a running engine, endpoint, shop and probe on real Kafka, registry and Redis: it takes the rules, and every query of
// rules and dashboards finds data. Then the alerts, by promtool's own unit tests: which fire, when, and which do not.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import type { Config } from '../../app/config.ts';
import { sourceTopicName } from '../../app/kafka.ts';
import { producerRecord } from '../../app/producer-record.ts';
import { openRegistry } from '../../app/registry.ts';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { silentLogger, systemClock } from '../../engine/api/index.ts';
import { createSerdes } from '../../schemas/index.ts';
import { startCommand } from '../support/command-process.ts';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { createApplication, type ProductionStack, productionStack } from '../support/production-stack.ts';
import { PrometheusServer } from '../support/prometheus-server.ts';
import { needsProgram } from '../support/requires.ts';
import { RULES, RULES_TEXT, watchedQueries } from '../support/watched-queries.ts';

const deploy = join(import.meta.dirname, '..', '..', 'deploy');
const installed = needsProgram('prometheus', 'apt-get install prometheus');

/** From the first scrape to data for every query, on a machine that may be busy. */
const PATIENCE_MS = 180_000;
const WINDOW = '15s';

test(
  'promtool takes rules and configuration, and finds each alert firing when it should and silent when not',
  installed,
  () => {
    const promtool = (...parameters: string[]) =>
      execFileSync('promtool', parameters, { cwd: join(deploy, 'prometheus'), encoding: 'utf8', stdio: 'pipe' });
    promtool('check', 'config', 'prometheus.yaml');
    promtool('test', 'rules', 'rules.test.yaml');
  },
);

describe('Prometheus beside a running stack', { ...needsServers(), ...installed }, () => {
  const owner = suiteOwner();
  let stack: ProductionStack;
  let prometheus: PrometheusServer;
  let endpoint: string;

  before(async () => {
    stack = await productionStack(owner);
    const { environment, config } = await createApplication(stack, 'watched', { FRESHET_PARTITIONS: '2' });
    const start = async (words: readonly string[], settings: { readonly [name: string]: string } = {}) => {
      const port = String(await freePort());
      const command = startCommand(owner, words, { ...environment, FRESHET_METRICS_PORT: port, ...settings });
      return { command, target: `127.0.0.1:${port}` };
    };
    const engine = await start(['engine']);
    const port = String(await freePort());
    endpoint = `http://127.0.0.1:${port}`;
    const serving = await start(['serve', '--redis'], { FRESHET_PORT: port });
    await serving.command.until(/Ctrl-C ends it/);
    await engine.command.until(/tasks: 0 running \| 1 running/);
    startCommand(owner, ['shop'], { ...environment, FRESHET_DEMO_EVENTS_PER_SECOND: '60' });
    const probe = await start(['probe', '--kafka', '--url', endpoint]);
    prometheus = await PrometheusServer.start(owner, {
      targets: {
        'freshet-engine': [engine.target],
        'freshet-serving': [serving.target],
        'freshet-probe': [probe.target],
      },
      // The group of budgets is evaluated every five minutes, which nobody waits for here.
      rules: RULES_TEXT.replace('interval: 5m', 'interval: 1s'),
    });
    void keepMisbehaving(config);
    void keepAsking();
  });

  const stopped = new AbortController();
  owner.after(async () => stopped.abort());

  /** What a shop does now and then and must be seen in figures: records that are no events, and one event that is sent again and again. */
  async function keepMisbehaving(config: Config): Promise<void> {
    const schemas = await openRegistry(config, systemClock, silentLogger, stopped.signal);
    const producer = new kafkajs.Kafka({
      brokers: [config.kafkaBrokers],
      logLevel: kafkajs.logLevel.NOTHING,
    }).producer();
    await producer.connect();
    const at = Date.now();
    const nothing = { userId: null, listId: null, placement: null, query: null, rating: null, dwellMs: null };
    const coarse = { quantity: null, device: null, region: null, referrer: null };
    const click = { eventId: 'again', visitorId: 'u1', sessionId: null, at, kind: 'view' as const, itemId: 'i1' };
    const { value } = producerRecord(createSerdes(schemas), 'clicks', 'u1', { ...click, ...nothing, ...coarse }, at);
    const messages = [
      { key: 'nobody', value: 'no event' },
      { key: 'u1', value: Buffer.from(value!) },
    ];
    while (!stopped.signal.aborted) {
      await producer.send({ topic: sourceTopicName(config, 'clicks'), messages });
      await delay(1_000, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    await producer.disconnect();
    schemas.close();
  }

  /** Shoppers' pages, and once in a while a Redis that does not answer. */
  async function keepAsking(): Promise<void> {
    const paths = ['visitors/u1/recommendations', 'visitors/u1/buy-again', 'popular', 'trending', 'items/i1/similar'];
    for (let turn = 1; !stopped.signal.aborted; turn++) {
      const silence = turn % 30 === 0;
      if (silence) process.kill(stack.redis.pid, 'SIGSTOP');
      for (const path of paths)
        await fetch(`${endpoint}/v1/${path}`).then(
          (answer) => answer.text(),
          () => undefined,
        );
      if (silence) process.kill(stack.redis.pid, 'SIGCONT');
      await delay(200, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  test('every process is scraped, and every rule is loaded and evaluated', async () => {
    await until('every target to be up', async () =>
      (await prometheus.targets()).filter(({ health }) => health !== 'up'),
    );
    await until('every rule to be evaluated', async () =>
      (await prometheus.rules()).filter(({ health }) => health !== 'ok'),
    );
    const loaded = (await prometheus.rules()).map(({ name }) => name);
    assert.deepEqual(loaded.sort(), RULES.map(({ record, alert }) => record ?? alert).sort());
  });

  test('every query of rules and dashboards finds data', async () => {
    // Each at some time: what happens now and then is not in the same short window as what else does.
    let left = watchedQueries(WINDOW);
    await until('every query to find data', async () => {
      const empty: typeof left = [];
      for (const query of left) {
        const found = await prometheus.query(query.expression);
        if (!found.some(({ value: [, text] }) => Number.isFinite(Number(text)))) empty.push(query);
      }
      left = empty;
      return empty;
    });
  });

  /** Asks for what is missing until nothing is. */
  async function until(what: string, missing: () => Promise<readonly unknown[]>): Promise<void> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const left = await missing();
      if (left.length === 0) return;
      if (performance.now() > deadline)
        assert.fail(`waited for ${what}; left are\n${left.map((one) => JSON.stringify(one)).join('\n')}`);
      await delay(1_000);
    }
  }
});
