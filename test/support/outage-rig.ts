// Outages of a rig's servers: what goes down, how long it takes to catch up, and what the instances wrote to their logs meanwhile.

import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { sourceTopicName } from '../../app/kafka.ts';
import type { Server } from '../../deploy/local-stack/server-process.ts';
import type { EngineInstance } from './production-instance.ts';
import type { ProductionRig } from './production-rig.ts';
import { poll } from './redis-topologies.ts';

const PATIENCE_MS = 240_000;

export interface Outage {
  readonly how: 'SIGTERM' | 'SIGKILL';
  /** How long it stays away after its end, ms. */
  readonly downMs: number;
}

/** Ends a server as told, keeps it away, and starts it again on the same port and data. Resolves when it answers. */
export async function bounce(server: Server, { how, downMs }: Outage): Promise<void> {
  await (how === 'SIGTERM' ? server.stop() : server.kill());
  await delay(downMs);
  await server.start();
}

/** Has the shop send again that could not while the broker was away. */
export async function resumeLoad({ load }: ProductionRig, eventsPerSecond: number): Promise<void> {
  // What it could not send is lost to the shop: the oracle goes by the topics.
  await load.pause().catch(() => undefined);
  load.start(eventsPerSecond);
}

/** Resolves, with the time that it took, when the clicks that are in the topic now have been processed. */
export async function caughtUp(rig: ProductionRig): Promise<number> {
  const startedMs = performance.now();
  const { config } = rig.application;
  const admin = new kafkajs.Kafka({ brokers: [config.kafkaBrokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  let wanted: number | undefined;
  try {
    await poll(
      'the clicks to be processed',
      async () => {
        // A broker that has just come back says of many things that it is not ready for them.
        try {
          await admin.connect();
          wanted ??= await endOf(admin, sourceTopicName(config, 'clicks'));
          return (await rig.processed()) >= wanted;
        } catch (error) {
          if (error instanceof kafkajs.KafkaJSError) return false;
          throw error;
        }
      },
      PATIENCE_MS,
    );
  } finally {
    await admin.disconnect();
  }
  return performance.now() - startedMs;
}

async function endOf(admin: Admin, topic: string): Promise<number> {
  return (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
}

export interface LogCount {
  readonly lines: number;
  /** Lines that are no JSON object with a level, a time and an event. */
  readonly foreign: readonly string[];
  /** Lines by event, e.g. `group.coordinator-away`. */
  readonly byEvent: Readonly<{ [event: string]: number }>;
}

/** What the present process of an instance has written to its log. */
export function logOf(instance: EngineInstance): LogCount {
  const foreign: string[] = [];
  const byEvent: { [event: string]: number } = {};
  const lines = instance.errorLog.split('\n').filter((line) => line !== '');
  for (const line of lines) {
    const event = eventOf(line);
    if (event === undefined) foreign.push(line);
    else byEvent[event] = (byEvent[event] ?? 0) + 1;
  }
  return { lines: lines.length, foreign, byEvent };
}

function eventOf(line: string): string | undefined {
  try {
    const { event, level, time } = JSON.parse(line) as { event?: unknown; level?: unknown; time?: unknown };
    return typeof event === 'string' && level !== undefined && time !== undefined ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Resolves as `work` does; its error tells what the instances were doing. */
export async function explained<T>(rig: ProductionRig, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const instances = rig.instances.map(
      (instance) => `${instance.name}: ${JSON.stringify(instance.view)}\n${instance.errorLog.slice(-2_000)}`,
    );
    const sending = await rig.load.pause().then(
      () => 'the shop was sending',
      (error: Error) => `the shop has failed: ${error.stack}`,
    );
    throw new Error(`${(cause as Error).message}\n${sending}\n${instances.join('\n')}`, { cause });
  }
}
