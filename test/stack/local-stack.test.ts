import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs from 'kafkajs';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { missingRedis } from '../../deploy/local-stack/redis.ts';
import { type Stack, startStack } from '../../deploy/local-stack/stack.ts';
import { createTopics, needsServers } from '../support/kafka-server.ts';
import { missing } from '../support/requires.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function needsStack(): { skip?: string } {
  const redis = missingRedis();
  return redis === undefined ? needsServers() : missing(redis);
}

const MAIN = join(import.meta.dirname, '../../deploy/local-stack/main.ts');
const OWNER = join(import.meta.dirname, '../support/stack-owner.ts');

/** Processes that have the directory in their command line, watchers included; ended ones that nobody has reaped have none. */
function processesOf(directory: string): string[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(directory) && !line.includes(' ps '));
}

const freePorts = async () => ({ kafka: await freePort(), registry: await freePort(), redis: await freePort() });

/** One line of text to Redis, and its answer. */
async function redis(stack: Stack, command: string): Promise<string> {
  const socket = connect(Number(new URL(stack.redis.url).port), '127.0.0.1');
  socket.write(`${command}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString().trim();
}

async function registerSchema(stack: Stack, name: string): Promise<unknown> {
  const schema = JSON.stringify({ type: 'record', name, fields: [] });
  const response = await fetch(`${stack.registry.url}/subjects/${name}-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  return response.json();
}

async function highWatermark(stack: Stack, topic: string): Promise<string> {
  const client = new kafkajs.Kafka({ brokers: [stack.kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return partition!.high;
}

async function produce(stack: Stack, topic: string): Promise<void> {
  const client = new kafkajs.Kafka({ brokers: [stack.kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING });
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: 'one' }, { value: 'two' }] });
  await producer.disconnect();
}

it(
  'a stack keeps topics, schema ids and keys for the next one in its directory, and leaves no process',
  needsStack(),
  async (t) => {
    const directory = temporaryDirectory();
    const ports = await freePorts();
    const lines: string[] = [];
    const first = await startStack({ directory, ports, progress: (line) => lines.push(line) });
    t.after(() => first.stop());
    assert.equal(lines.filter((line) => / is up after \d/.test(line)).length, 3);
    await createTopics(first.kafka.bootstrap, [{ topic: 'clicks', partitions: 1 }]);
    await produce(first, 'clicks');
    assert.deepEqual(await registerSchema(first, 'first'), { id: 1 });
    assert.deepEqual(await registerSchema(first, 'second'), { id: 2 });
    assert.equal(await redis(first, 'SET kept yes'), '+OK');
    await first.stop();
    assert.deepEqual(processesOf(directory), []);

    const second = await startStack({ directory, ports });
    t.after(() => second.stop());
    assert.equal(await highWatermark(second, 'clicks'), '2');
    assert.deepEqual(await registerSchema(second, 'second'), { id: 2 });
    assert.deepEqual(await registerSchema(second, 'third'), { id: 3 });
    assert.match(await redis(second, 'GET kept'), /yes$/);

    const failure = assert.rejects(second.failure(), /Redis ended by itself; its log: .*redis\.log/);
    process.kill(second.redis.pid, 'SIGKILL');
    await failure;
    await second.stop();
    assert.deepEqual(processesOf(directory), []);
  },
);

it('a taken port is named before anything starts', needsStack(), async (t) => {
  const directory = temporaryDirectory();
  const ports = await freePorts();
  const squatter = createServer().listen(ports.registry, '127.0.0.1');
  t.after(() => squatter.close());
  await once(squatter, 'listening');
  await assert.rejects(startStack({ directory, ports }), {
    name: 'StackError',
    message: new RegExp(`^port ${ports.registry} is taken: .* choose --registry-port$`),
  });
});

/** Runs a program until it has printed a line that matches. */
async function runUntil(t: TestContext, parameters: readonly string[], pattern: RegExp) {
  const child = spawn(process.execPath, [...parameters], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (pattern.test(line)) break;
  }
  return { child, lines };
}

it(
  'the program removes old data when told, prints the settings to export, and ends its servers on Ctrl-C',
  needsStack(),
  async (t) => {
    const directory = temporaryDirectory();
    const { kafka, registry, redis } = await freePorts();
    const old = join(directory, 'kafka', 'data', 'old');
    mkdirSync(old, { recursive: true });
    const ports = [`--kafka-port=${kafka}`, `--registry-port=${registry}`, `--redis-port=${redis}`];
    const { child, lines } = await runUntil(t, [MAIN, '--fresh', '--directory', directory, ...ports], /^Ctrl-C/);
    assert.deepEqual(
      lines.filter((line) => line.startsWith('export ')),
      [
        `export FRESHET_KAFKA_BROKERS=127.0.0.1:${kafka}`,
        `export FRESHET_REGISTRY_URL=http://127.0.0.1:${registry}/apis/ccompat/v7`,
        `export FRESHET_REDIS_URL=redis://127.0.0.1:${redis}`,
      ],
    );
    assert.ok(!existsSync(old));
    child.kill('SIGINT');
    const [status] = await once(child, 'exit');
    assert.equal(status, 0);
    assert.deepEqual(processesOf(directory), []);
  },
);

it('servers end when their owner is killed with kill -9, also a stopped one', needsStack(), async (t) => {
  const directory = temporaryDirectory();
  const { child, lines } = await runUntil(t, [OWNER, directory], /pids/);
  const { pids } = JSON.parse(lines.at(-1)!) as { pids: [number, number] };
  // Redis cannot obey SIGTERM: the watcher has to use SIGKILL.
  process.kill(pids[1], 'SIGSTOP');
  assert.ok(processesOf(directory).length >= 2);
  child.kill('SIGKILL');
  const deadline = Date.now() + 30_000;
  while (processesOf(directory).length > 0 && Date.now() < deadline) await sleep(200);
  assert.deepEqual(processesOf(directory), []);
});
