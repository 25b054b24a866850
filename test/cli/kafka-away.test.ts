// Commands whose brokers do not answer, or have not what is asked for: a sentence says so, and Ctrl-C is heard.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { kafkaServer, needsServers } from '../support/kafka-server.ts';
import { needsRedis, startRedis } from '../support/redis-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const COMMAND = join(import.meta.dirname, '..', '..', 'bin', 'freshet.js');

const running = new Set<ChildProcess>();
// A test that failed half-way must not leave its process behind.
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

function freshet(
  parameters: readonly string[],
  brokers: string,
  environment: { readonly [name: string]: string } = {},
) {
  const child = spawn(process.execPath, [COMMAND, ...parameters], {
    cwd: temporaryDirectory(),
    env: { PATH: process.env.PATH, FRESHET_KAFKA_BROKERS: brokers, FRESHET_LOG_LEVEL: 'silent', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  running.add(child);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, said })) };
}

/** That a command has said in a sentence that nobody answers there. */
async function isToldThatNobodyAnswers(
  parameters: readonly string[],
  environment?: { readonly [name: string]: string },
) {
  const brokers = `127.0.0.1:${await freePort()}`;
  const { code, said } = await freshet(parameters, brokers, environment).ended;
  assert.equal(code, 1);
  assert.equal(
    said,
    `freshet: Kafka at ${brokers} does not answer: Connection error: connect ECONNREFUSED ${brokers}\n`,
    parameters.join(' '),
  );
}

test('without Kafka, topics and dead letters say in a sentence that it does not answer', async () => {
  await Promise.all(
    [
      ['topics', 'create'],
      ['dead-letters', 'list'],
      ['dead-letters', 'replay'],
    ].map((parameters) => isToldThatNobodyAnswers(parameters)),
  );
});

test('without Kafka, versions say so too', needsRedis(), async (t) => {
  const redis = await startRedis();
  t.after(() => redis.kill());
  await Promise.all(
    [
      ['versions', 'list'],
      ['versions', 'switch', '2', '--force'],
      ['versions', 'retire', '2'],
    ].map((parameters) => isToldThatNobodyAnswers(parameters, { FRESHET_REDIS_URL: redis.url })),
  );
});

/** The address of a server that takes every connection and never answers. */
async function mute(t: TestContext) {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return { brokers: `127.0.0.1:${(server.address() as AddressInfo).port}`, asked: once(server, 'connection') };
}

test('a broker that takes the connection and never answers is told of as one that is away', async (t) => {
  const { brokers } = await mute(t);
  const { code, said } = await freshet(['topics', 'create'], brokers).ended;
  assert.equal(code, 1);
  assert.match(said, /^freshet: Kafka at [\d.:]+ does not answer: .+\n$/);
});

test('Ctrl-C is heard while such a broker is waited for', async (t) => {
  const { brokers, asked } = await mute(t);
  const { child, ended } = freshet(['dead-letters', 'list'], brokers);
  await asked;
  child.kill('SIGINT');
  assert.deepEqual(await ended, { code: 130, said: '' });
});

test(
  'where the topics have not been created, dead letters say which one is missing and what to do',
  needsServers(),
  async (t) => {
    const { bootstrap } = await kafkaServer(t);
    for (const word of ['list', 'replay']) {
      const { code, said } = await freshet(['dead-letters', word], bootstrap).ended;
      assert.equal(code, 1);
      assert.match(said, /^freshet: topic \S+dead-letters\S* does not exist: run "freshet topics create"\n$/);
    }
  },
);
