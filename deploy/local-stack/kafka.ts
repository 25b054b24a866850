// One Kafka broker in KRaft mode, its own controller, on loopback. Three listeners:
// - CLIENTS, where clients connect. It may advertise another address, which is how a proxy gets between a client and the broker;
// - DIRECT, for the broker's own connections (transaction markers) and for a test's oracle: it leads around the proxy;
// - CONTROLLER, inside the process.
// Source: Kafka's documentation, "Broker configs" and "KRaft".

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import kafkajs from 'kafkajs';
import { classArchive } from './class-archive.ts';
import { freePort, isListening } from './ports.ts';
import { createServer, type Server } from './server-process.ts';
import { fetchServers } from './servers.ts';

export interface KafkaOptions {
  /** Holds the broker's data, settings and log; made when missing. A broker started on an old directory has the old data. */
  readonly directory: string;
  /** Of the CLIENTS listener. @defaultValue a free port */
  readonly port?: number;
  /** `host:port` that clients are told to connect to. @defaultValue the CLIENTS listener itself */
  readonly advertised?: string;
  /** Partitions of a topic created without a number. @defaultValue 4 */
  readonly partitionsDefault?: number;
  /** Largest heap of the JVM in megabytes. @defaultValue 512 */
  readonly heapMegabytes?: number;
  /** Broker settings beside or instead of ours: `{ 'log.cleaner.backoff.ms': '100' }`. */
  readonly properties?: Readonly<{ [name: string]: string }>;
  readonly progress?: (line: string) => void;
}

export interface KafkaServer extends Server {
  readonly directory: string;
  /** `127.0.0.1:port` of the CLIENTS listener. */
  readonly bootstrap: string;
  /** `127.0.0.1:port` of the DIRECT listener: never through what `advertised` names. */
  readonly directBootstrap: string;
}

/**
 * Starts a broker and waits until it answers a metadata request.
 * @throws Error with the end of the broker's log when it ends or does not answer.
 */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const directory = resolve(options.directory);
  const { kafka: jars } = await fetchServers(options.progress);
  const ports: Ports = {
    clients: options.port ?? (await freePort()),
    direct: await freePort(),
    controller: await freePort(),
  };
  mkdirSync(directory, { recursive: true });
  const settings = join(directory, 'server.properties');
  writeFileSync(settings, serverProperties(directory, ports, options));
  const classPath = join(jars, '*');
  if (!existsSync(join(directory, 'data', 'meta.properties'))) await format(classPath, settings);
  const directBootstrap = `127.0.0.1:${ports.direct}`;
  const archive = classArchive(jars);
  const heap = `-Xmx${options.heapMegabytes ?? 512}m`;
  const logging = `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`;
  const server = createServer({
    name: 'Kafka',
    command: 'java',
    parameters: [heap, logging, ...archive.parameters, '-cp', classPath, 'kafka.Kafka', settings],
    logPath: join(directory, 'kafka.log'),
    isReady: async () => (await isListening(ports.clients)) && (await answersMetadata(directBootstrap)),
  });
  const kafka = Object.assign(server, { directory, bootstrap: `127.0.0.1:${ports.clients}`, directBootstrap });
  await kafka.start();
  archive.watch(kafka);
  return kafka;
}

interface Ports {
  readonly clients: number;
  readonly direct: number;
  readonly controller: number;
}

function serverProperties(directory: string, ports: Ports, options: KafkaOptions): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'DIRECT',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    listeners: `CLIENTS://127.0.0.1:${ports.clients},DIRECT://127.0.0.1:${ports.direct},CONTROLLER://127.0.0.1:${ports.controller}`,
    'advertised.listeners': `CLIENTS://${options.advertised ?? `127.0.0.1:${ports.clients}`},DIRECT://127.0.0.1:${ports.direct}`,
    'log.dirs': join(directory, 'data'),
    'num.partitions': String(options.partitionsDefault ?? 4),
    'auto.create.topics.enable': 'false',
    // What a single node can do.
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    // After kill -9 the controller, which remembers the broker, refuses it until the old session has ended: 9 s by default. With less
    // than this a machine that stands still for a moment finds its only broker shut out.
    'broker.session.timeout.ms': '6000',
    'broker.heartbeat.interval.ms': '1000',
    // 50 each by default: half a second of the first join, for groups that a laptop does not have.
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.num.partitions': '8',
    'group.initial.rebalance.delay.ms': '0',
    // 128 MB of heap by default.
    'log.cleaner.dedupe.buffer.size': String(16 * 1024 * 1024),
    ...options.properties,
  };
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** Gives the data directory its cluster id; Kafka refuses a directory without one. */
async function format(classPath: string, settings: string): Promise<void> {
  const bytes = randomBytes(16);
  // So that it does not begin with a hyphen, which the tool would take for an option.
  bytes[0]! &= 0x7f;
  const id = bytes.toString('base64url');
  const parameters = ['-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', id, '-c', settings];
  const tool = spawn('java', ['-Xmx128m', '-XX:TieredStopAtLevel=1', ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [tool.stdout, tool.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [status] = (await once(tool, 'close')) as [number | null];
  if (status !== 0) throw new Error(`Kafka's storage tool ended with ${status}:\n${output}`);
}

async function answersMetadata(bootstrap: string): Promise<boolean> {
  const client = new kafkajs.Kafka({ brokers: [bootstrap], logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 0 } });
  const admin = client.admin();
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.length === 1;
  } finally {
    await admin.disconnect();
  }
}
