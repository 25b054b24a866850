// A network between engine and broker that loses, delays and tears: what the broker has obeyed and nobody heard of. The shop goes on
// selling past it. Longer forms: FRESHET_TEST_LOST_ACKS (acknowledgements lost in a row, 4 unless set).

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { kafkaBehindProxy, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { faultsOf, processed, total } from '../support/outage-answers.ts';
import { OutageLoad } from '../support/outage-load.ts';
import { makeNaive, type NaiveRetry } from '../support/outage-naive-writer.ts';
import { Application } from '../support/restore-application.ts';
import { allRun, Instance, until } from '../support/restore-instance.ts';
import type { DropOptions, TcpProxy } from '../support/tcp-proxy.ts';

const EVENTS_PER_SECOND = 400;
const IN_A_ROW = Number(process.env.FRESHET_TEST_LOST_ACKS ?? 4);
const PATIENCE_MS = 180_000;
const ACKNOWLEDGED = ['AddPartitionsToTxn', 'Produce', 'EndTxn'] as const;

describe('between engine and broker', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let proxy: TcpProxy;

  before(async () => {
    ({ kafka, proxy } = await kafkaBehindProxy(owner));
  });

  interface Shop {
    readonly application: Application;
    readonly load: OutageLoad;
    readonly instance: Instance;
    /** Resolves when a naive writer's commit has failed and is about to be sent again. */
    readonly failed: Promise<void>;
  }

  /** An application whose only instance runs, and whose shop sells. */
  async function open(retry?: NaiveRetry): Promise<Shop> {
    const application = await Application.create(owner, kafka);
    const load = await OutageLoad.open(application);
    const { promise: failed, resolve } = Promise.withResolvers<void>();
    const instance = await Instance.start(application, {
      ...(retry !== undefined && { prepare: (log) => makeNaive(log, application, retry, resolve) }),
    });
    await until('every task to run', () => allRun(application, [instance]), { instances: [instance] });
    load.start(EVENTS_PER_SECOND);
    await committed(instance, 5);
    return { application, load, instance, failed };
  }

  const commitsOf = ({ commits }: Instance) => [...commits.values()].reduce((sum, count) => sum + count, 0);

  /** Waits for so many more commits. */
  async function committed(instance: Instance, count: number): Promise<void> {
    const before = commitsOf(instance);
    await until(`${count} commits`, () => commitsOf(instance) - before >= count, {
      instances: [instance],
      timeoutMs: PATIENCE_MS,
    });
  }

  /** Loses acknowledgements of the application's own transactions. */
  const lose = ({ application }: Shop, api: (typeof ACKNOWLEDGED)[number], options: DropOptions) =>
    proxy.dropResponses(
      ({ apiName, frame }) => apiName === api && frame.includes(`${application.name}-task-`),
      options,
    );

  /** Lets everything settle; resolves with what is wrong. */
  async function end(t: TestContext, { application, load, instance }: Shop): Promise<readonly string[]> {
    await load.pause();
    const startedMs = performance.now();
    await processed(application, [instance], PATIENCE_MS);
    const reclaims = instance.linesOf('task is claimed anew');
    t.diagnostic(
      `${load.sent} events, ${commitsOf(instance)} commits, ${reclaims.length} claims anew, ` +
        `caught up ${Math.round(performance.now() - startedMs)} ms after the last event, ${instance.lines.length} log lines`,
    );
    const faults = await faultsOf(application, [instance]);
    await instance.close();
    return faults;
  }

  for (const api of ACKNOWLEDGED) {
    test(`a lost acknowledgement of ${api} loses and doubles nothing`, async (t) => {
      const shop = await open();
      const once = lose(shop, api, { times: 1, how: 'swallow' });
      await once.done;
      await committed(shop.instance, 5);
      const inARow = lose(shop, api, { times: IN_A_ROW, how: 'cut' });
      await inARow.done;
      await committed(shop.instance, 5);
      assert.ok(shop.instance.linesOf('task is claimed anew').length >= 2);
      assert.deepEqual(await end(t, shop), []);
    });
  }

  test('delays, longer and shorter than a request may take, lose and double nothing', async (t) => {
    const shop = await open();
    proxy.delay(150);
    t.after(() => proxy.delay(0));
    await committed(shop.instance, 3);
    proxy.delay(0);
    // What was on its way when the client gave up arrives after its next attempt.
    proxy.stall();
    t.after(() => proxy.resume());
    await delay(shop.application.client.requestTimeoutMs + 1_500);
    proxy.resume();
    await committed(shop.instance, 5);
    assert.deepEqual(await end(t, shop), []);
  });

  test('connections reset in the middle of requests lose and double nothing', async (t) => {
    const shop = await open();
    let torn = 0;
    for (const api of ACKNOWLEDGED) {
      const { promise, resolve } = Promise.withResolvers<void>();
      // Asked before the frame's last part is passed on: of a large request the broker has the beginning.
      const tearing = proxy.dropResponses(({ apiName, frame }) => {
        if (apiName !== api || !frame.includes(`${shop.application.name}-task-`)) return false;
        proxy.cut();
        torn += 1;
        if (torn % 3 === 0) resolve();
        return false;
      });
      await shop.load.sendEvents([[`torn-${api}`, { group: 'group-0', fill: 1_500, from: 0 }]]);
      await promise;
      tearing.stop();
      await committed(shop.instance, 3);
    }
    assert.ok(torn >= 9);
    assert.deepEqual(await end(t, shop), []);
  });

  test('without the rule, a commit that is aborted and sent again by the same producer is lost', async (t) => {
    const shop = await open('same producer');
    const untilItFails = lose(shop, 'Produce', { how: 'cut' });
    await shop.failed;
    untilItFails.stop();
    await committed(shop.instance, 5);
    const { sum, faults } = await ended(t, shop);
    assert.ok(faults.some(isLost));
    // It may have been one without events.
    assert.ok(sum <= shop.load.sent, `${sum} of ${shop.load.sent} events counted`);
  });

  test('without the rule, a commit that is sent again by a new producer is there twice', async (t) => {
    const shop = await open('new producer');
    const once = lose(shop, 'EndTxn', { times: 1, how: 'cut' });
    await once.done;
    await committed(shop.instance, 5);
    const { sum, faults } = await ended(t, shop);
    assert.ok(faults.some(isTwice));
    assert.ok(sum >= shop.load.sent, `${sum} of ${shop.load.sent} events counted`);
  });

  const isTwice = (fault: string) => /: commit (\d+) follows \1$/.test(fault);
  const isLost = (fault: string) => /: commit \d+ follows \d+$/.test(fault) && !isTwice(fault);

  /** As `end`, where something must be wrong. Resolves with that and the number of events that were counted. */
  async function ended(t: TestContext, shop: Shop): Promise<{ sum: number; faults: readonly string[] }> {
    const faults = await end(t, shop);
    t.diagnostic(`found wrong: ${faults.slice(0, 4).join('; ')} and ${Math.max(0, faults.length - 4)} more`);
    assert.notDeepEqual(faults, []);
    return { sum: await total(shop.application), faults };
  }
});
