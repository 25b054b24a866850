import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { before, describe, it, type TestContext } from 'node:test';
import kafkajs, { type Producer } from 'kafkajs';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { createTopics, kafkaBehindProxy, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { createTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait-for.ts';

/** A server that sends everything back, behind a proxy, and a client of it that collects what it gets. */
async function echo(t: TestContext) {
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await createTcpProxy({ targetPort: (server.address() as AddressInfo).port, isKafka: false });
  const socket = connect(proxy.port, '127.0.0.1');
  const client = { socket, text: '', error: undefined as Error | undefined };
  socket.setEncoding('utf8').on('data', (text: string) => {
    client.text += text;
  });
  socket.on('error', (error) => {
    client.error = error;
  });
  t.after(async () => {
    socket.destroy();
    await proxy.close();
    server.close();
  });
  await once(socket, 'connect');
  return { proxy, client };
}

/** Asks a second connection, opened now, whether bytes still move. */
async function ping(proxy: TcpProxy): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.write('ping');
  await once(socket, 'data');
  return socket;
}

describe('a TCP proxy', () => {
  it('forwards bytes both ways', async (t) => {
    const { client } = await echo(t);
    client.socket.write('hello');
    await waitFor('the echo', () => client.text === 'hello');
  });

  it('delays both directions and keeps the order when the delay ends', async (t) => {
    const { proxy, client } = await echo(t);
    proxy.delay(40);
    const start = performance.now();
    client.socket.write('slow,');
    await waitFor('the first echo', () => client.text === 'slow,');
    assert.ok(performance.now() - start >= 79);
    client.socket.write('still slow,');
    proxy.delay(0);
    client.socket.write('fast');
    await waitFor('the echo', () => client.text === 'slow,still slow,fast');
  });

  it('keeps bytes and connections during a stall and moves them on afterwards', async (t) => {
    const { proxy, client } = await echo(t);
    client.socket.write('before,');
    await waitFor('the echo', () => client.text === 'before,');
    const other = await ping(proxy);
    proxy.stall();
    client.socket.write('held');
    const late = connect(proxy.port, '127.0.0.1');
    late.write('ping');
    await once(late, 'connect');
    await waitFor('the late connection', () => proxy.connectionCount === 3);
    assert.equal(client.text, 'before,');
    proxy.resume();
    await once(late, 'data');
    await waitFor('the echo', () => client.text === 'before,held');
    other.destroy();
    late.destroy();
    await waitFor('the connections to end', () => proxy.connectionCount === 1);
  });

  it('resets open connections and accepts new ones', async (t) => {
    const { proxy, client } = await echo(t);
    await waitFor('the connection', () => proxy.connectionCount === 1);
    proxy.cut();
    await waitFor('the reset', () => client.error !== undefined);
    assert.match(String(client.error), /ECONNRESET/);
    (await ping(proxy)).destroy();
  });

  it('refuses new connections until it accepts again', async (t) => {
    const { proxy } = await echo(t);
    proxy.refuse();
    await assert.rejects(ping(proxy), /ECONNRESET/);
    proxy.accept();
    (await ping(proxy)).destroy();
  });
});

describe('a TCP proxy before Kafka', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let proxy: TcpProxy;
  before(async () => {
    ({ kafka, proxy } = await kafkaBehindProxy(owner));
  });

  async function producerOf(
    t: TestContext,
    retries: number,
    requestTimeout = 3_000,
  ): Promise<{ producer: Producer; topic: string }> {
    const topic = `topic-${t.name.replaceAll(/[^a-z]+/g, '-')}`.slice(0, 100);
    await createTopics(kafka.directBootstrap, [{ topic, partitions: 1 }]);
    const client = new kafkajs.Kafka({
      brokers: [proxy.address],
      logLevel: kafkajs.logLevel.NOTHING,
      requestTimeout,
      enforceRequestTimeout: true,
      retry: { retries, initialRetryTime: 10 },
    });
    const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    t.after(() => producer.disconnect());
    return { producer, topic };
  }

  /** The end offset, read around the proxy. */
  async function endOffset(topic: string): Promise<number> {
    const client = new kafkajs.Kafka({ brokers: [kafka.directBootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const admin = client.admin();
    await admin.connect();
    const [partition] = await admin.fetchTopicOffsets(topic);
    await admin.disconnect();
    return Number(partition!.high);
  }

  const send = (producer: Producer, topic: string, value: string) =>
    producer.send({ topic, messages: [{ key: 'k', value }] });
  const isProduce = ({ apiName }: { apiName: string }) => apiName === 'Produce';

  it('is the only address that clients learn', async (t) => {
    const { producer, topic } = await producerOf(t, 1);
    const seen = new Set<string>();
    const watch = proxy.dropResponses(({ apiName }) => {
      seen.add(apiName);
      return false;
    });
    await send(producer, topic, 'one');
    watch.stop();
    assert.ok(seen.has('Produce'));
    assert.equal(watch.count, 0);
  });

  it('loses an acknowledgement: the broker has the record, the client repeats it, and it is there once', async (t) => {
    const { producer, topic } = await producerOf(t, 5);
    const drop = proxy.dropResponses(isProduce, { times: 1 });
    await send(producer, topic, 'one');
    await drop.done;
    assert.equal(drop.count, 1);
    assert.equal(await endOffset(topic), 1);
  });

  it('loses every acknowledgement: the send fails although the record is there', async (t) => {
    const { producer, topic } = await producerOf(t, 1);
    const drop = proxy.dropResponses(isProduce);
    await assert.rejects(send(producer, topic, 'one'));
    drop.stop();
    assert.equal(drop.count, 2);
    assert.equal(await endOffset(topic), 1);
  });

  it('cuts the connection in place of an acknowledgement, so that nobody waits for a timeout', async (t) => {
    const { producer, topic } = await producerOf(t, 5, 60_000);
    const drop = proxy.dropResponses(isProduce, { times: 1, how: 'cut' });
    await send(producer, topic, 'one');
    assert.equal(drop.count, 1);
    assert.equal(await endOffset(topic), 1);
  });

  it('lets a transaction around it end while nothing moves through it', async (t) => {
    const { topic } = await producerOf(t, 1);
    const client = new kafkajs.Kafka({ brokers: [kafka.directBootstrap], logLevel: kafkajs.logLevel.NOTHING });
    const producer = client.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    proxy.stall();
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [{ value: 'one' }] });
    await transaction.commit();
    // The record and the marker behind it.
    let end = 0;
    for (const deadline = Date.now() + 5_000; end !== 2 && Date.now() < deadline; ) end = await endOffset(topic);
    proxy.resume();
    await producer.disconnect();
    assert.equal(end, 2);
  });
});
