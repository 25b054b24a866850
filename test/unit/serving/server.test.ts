import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ListenError, startHttpServer } from '../../../serving/server.ts';

test('a port in use is said in words, with what to do', async () => {
  await using first = await startHttpServer({
    handler: (_, response) => void response.end(),
    host: '127.0.0.1',
    port: 0,
  });
  await assert.rejects(
    startHttpServer({ handler: (_, response) => void response.end(), host: '127.0.0.1', port: first.port }),
    (error: unknown) =>
      error instanceof ListenError && error.code === 'EADDRINUSE' && error.message.includes(`Port ${first.port}`),
  );
});

test('a stop lets a request in flight end, takes no new one, and does not wait for the deadline', {
  timeout: 20_000,
}, async () => {
  const entered = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    stopTimeoutMs: 60_000,
    handler: (_, response) => {
      entered.resolve();
      void gate.promise.then(() => response.end('whole'));
    },
  });
  const answer = fetch(server.url).then((response) => response.text());
  await entered.promise;
  const stopped = server.stop();
  assert.equal(server.stop(), stopped, 'stopping twice is stopping once');
  await assert.rejects(fetch(server.url));
  gate.resolve();
  assert.equal(await answer, 'whole');
  await stopped;
});

test('a request that does not end is cut at the deadline', async () => {
  const entered = Promise.withResolvers<void>();
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    stopTimeoutMs: 30,
    handler: () => entered.resolve(),
  });
  const answer = assert.rejects(fetch(server.url));
  await entered.promise;
  await server.stop();
  await answer;
});

test('idle connections do not hold up a stop', async () => {
  const server = await startHttpServer({ handler: (_, response) => void response.end(), host: '127.0.0.1', port: 0 });
  const socket = connect(server.port, '127.0.0.1');
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await once(socket, 'data');
  await server.stop();
  await closed;
});
