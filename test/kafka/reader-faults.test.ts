// The reader through outages: every record comes once and in order, whatever happens to brokers and connections.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Producer } from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import type { LogFields } from '../../engine/api/index.ts';
import type { LogReader } from '../../engine/kafka/log-reader.ts';
import { createTopics, kafkaBehindProxy, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { Following, kafkaOf, openReader } from './reading.ts';

/** Lines of a reader's log by event, in order. */
function loggedBy(owner: Parameters<typeof openReader>[0], bootstrap: string, requestTimeoutMs = 3000) {
  const events: string[] = [];
  const note = (event: string, _fields?: LogFields) => {
    events.push(event);
  };
  const logger = { info: note, warn: note, error: note };
  return { events, reader: openReader(owner, bootstrap, { logger, requestTimeoutMs }) };
}

/** Writes numbers to partition 0 until it is stopped; what was acknowledged comes back. */
function writing(producer: Producer, topic: string) {
  let isStopped = false;
  const acknowledged: string[] = [];
  const done = (async () => {
    for (let i = 0; !isStopped; i++) {
      await producer.send({ topic, messages: [{ value: String(i), partition: 0 }] });
      acknowledged.push(String(i));
    }
  })();
  return {
    acknowledged,
    stop: async () => {
      isStopped = true;
      await done;
      return acknowledged;
    },
  };
}

describe('a reader behind a bad network', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let proxy: TcpProxy;
  let producer: Producer;

  before(async () => {
    ({ kafka, proxy } = await kafkaBehindProxy(owner));
    // Writes around the proxy: only the reader suffers.
    producer = kafkaOf(kafka.directBootstrap).producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    owner.after(() => producer.disconnect());
  });

  const start = async (t: Parameters<typeof openReader>[0], topic: string, requestTimeoutMs?: number) => {
    await createTopics(kafka.directBootstrap, [{ topic, partitions: 1 }]);
    const { events, reader } = loggedBy(t, proxy.address, requestTimeoutMs);
    const following = new Following(reader, topic);
    const writer = writing(producer, topic);
    await following.until(() => following.positions[0]! >= 20);
    return { events, reader, following, writer };
  };

  test('connections that are reset again and again lose and repeat nothing', async (t) => {
    const { events, following, writer } = await start(t, 'reset');
    for (let i = 0; i < 10; i++) {
      events.length = 0;
      // While a fetch waits for its answer: between two of them a new connection is made, and nothing has been interrupted.
      await proxy.dropResponses(({ apiName }) => apiName === 'Fetch', { times: 1 }).done;
      proxy.cut();
      const goal = following.positions[0]! + 20;
      await following.until(() => following.positions[0]! >= goal && events.includes('kafka.fetch.resumed'));
      assert.deepEqual(events, ['kafka.fetch.interrupted', 'kafka.fetch.resumed']);
    }
    const written = await writer.stop();
    await following.until(() => following.positions[0] === written.length);
    assert.deepEqual(following.values(), written);
  });

  test('a refusal of connections for a while is told once, and its end', async (t) => {
    const { events, following, writer } = await start(t, 'refused');
    events.length = 0;
    proxy.refuse();
    proxy.cut();
    const goal = writer.acknowledged.length + 300;
    await following.until(() => writer.acknowledged.length > goal);
    const reached = following.positions[0]!;
    assert.ok(reached < goal);
    proxy.accept();
    await following.until(() => following.positions[0]! > goal);
    const written = await writer.stop();
    await following.until(() => following.positions[0] === written.length);
    assert.deepEqual(following.values(), written);
    const counts = (event: string) => events.filter((other) => other === event).length;
    assert.equal(counts('kafka.fetch.interrupted'), 1, events.join());
    assert.equal(counts('kafka.fetch.resumed'), 1, events.join());
  });

  test('a fetch that is never answered is cut, counted and sent anew', async (t) => {
    const { reader, following, writer } = await start(t, 'stalled', 500);
    const before = reader.stalls;
    proxy.stall();
    await following.until(() => reader.fetchAgeMs > 400);
    await following.until(() => reader.stalls > before);
    proxy.resume();
    const goal = writer.acknowledged.length;
    await following.until(() => following.positions[0]! > goal);
    const written = await writer.stop();
    await following.until(() => following.positions[0] === written.length);
    assert.deepEqual(following.values(), written);
    await following.until(() => reader.fetchAgeMs < 400);
  });

  test('one lost answer among others is noticed as well', async (t) => {
    const { reader, following, writer } = await start(t, 'swallowed', 500);
    const drop = proxy.dropResponses(({ apiName }) => apiName === 'Fetch', { times: 1 });
    await drop.done;
    await following.until(() => reader.stalls === 1);
    const written = await writer.stop();
    await following.until(() => following.positions[0] === written.length);
    assert.deepEqual(following.values(), written);
  });

  test('a reader of many idle partitions asks in long polls only', async (t) => {
    await createTopics(kafka.directBootstrap, [{ topic: 'idle', partitions: 16 }]);
    const reader = openReader(t, proxy.address);
    let fetches = 0;
    const watch = proxy.dropResponses(({ apiName }) => {
      if (apiName === 'Fetch') fetches += 1;
      return false;
    });
    t.after(() => watch.stop());
    // One after the other, so that they catch up while the long poll of the others is under way.
    const following = new Following(reader, 'idle', []);
    const never = new AbortController().signal;
    for (let partition = 0; partition < 16; partition++) {
      following.positions.push(0);
      following.records.push([]);
      following.fetch();
      await reader.appended(20, never);
    }
    await reader.appended(600, never);
    fetches = 0;
    await reader.appended(2000, never);
    assert.ok(fetches >= 4 && fetches <= 16, `${fetches} fetches in 2 s, 8 long polls`);
    assert.ok(reader.fetchAgeMs < 1000);
  });

  test('closing in the middle of an outage ends at once and leaves nothing behind', async () => {
    const closing: (() => Promise<void>)[] = [];
    let reader: LogReader | undefined;
    proxy.stall();
    try {
      reader = openReader({ after: (close) => closing.push(close) }, proxy.address);
      reader.fetch([{ topic: 'reset', partition: 0, offset: 0, maxRecords: 1 }]);
      await reader.appended(100, new AbortController().signal);
      const startedMs = performance.now();
      for (const close of closing) await close();
      assert.ok(performance.now() - startedMs < 500);
    } finally {
      proxy.resume();
    }
  });
});

test(
  'a broker that is restarted, killed and away for a while is read on from where it was',
  needsServers(),
  async (t) => {
    const owner = suiteOwner();
    const kafka = await kafkaServer(owner);
    await createTopics(kafka.bootstrap, [{ topic: 'restarted', partitions: 1 }]);
    const { events, reader } = loggedBy(t, kafka.bootstrap);
    const following = new Following(reader, 'restarted');
    const written: string[] = [];
    for (let round = 0; round < 2; round++) {
      const producer = kafkaOf(kafka.bootstrap).producer({ idempotent: true, maxInFlightRequests: 1 });
      await producer.connect();
      for (let i = 0; i < 50; i++) {
        const value = `${round}-${i}`;
        await producer.send({ topic: 'restarted', messages: [{ value, partition: 0 }] });
        written.push(value);
      }
      await producer.disconnect();
      // Some are read before the broker goes, the rest after it is back.
      await following.until(() => following.positions[0]! >= written.length - 20);
      await (round === 0 ? kafka.stop() : kafka.kill());
      await reader.appended(300, new AbortController().signal);
      await kafka.start();
    }
    await following.until(() => following.positions[0] === written.length);
    assert.deepEqual(following.values(), written);
    assert.equal(reader.stalls, 0);
    assert.ok(events.filter((event) => event === 'kafka.fetch.interrupted').length <= 2, events.join());
  },
);
