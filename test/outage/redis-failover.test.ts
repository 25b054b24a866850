// A new Redis master takes over while an engine publishes: what the old one had not handed on is published again, and what the engine
// shows at the end is its state. With a small topology; servers by Sentinel.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { type SinkEntry, silentLogger } from '../../engine/api/index.ts';
import { createRedisListStore, type RedisListStore } from '../../lists/index.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { faultsOf, processed } from '../support/outage-answers.ts';
import { OutageLoad } from '../support/outage-load.ts';
import { poll, startSentinels } from '../support/redis-topologies.ts';
import { Application } from '../support/restore-application.ts';
import { allRun, Board, Instance, until } from '../support/restore-instance.ts';

const PATIENCE_MS = 180_000;
const GROUPS = 7;

/** Publishes to Redis, and notes what Redis has taken. */
class RedisBoard extends Board {
  readonly #lists: RedisListStore;

  constructor(lists: RedisListStore) {
    super();
    this.#lists = lists;
  }

  override async publish(entries: readonly SinkEntry[]): Promise<void> {
    await this.#lists.publish(entries);
    super.publish(entries);
  }

  generation(): Promise<string> {
    return this.#lists.generation();
  }
}

describe('when another Redis takes over', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;

  before(async () => {
    kafka = await kafkaServer(owner);
  });

  test('everything is published to it, at no older version than before', async (t) => {
    const { servers, sentinelPort, masterName, ...redis } = await startSentinels();
    owner.after(async () => {
      await redis[Symbol.asyncDispose]();
    });
    const target = {
      mode: 'sentinel',
      sentinels: [{ host: '127.0.0.1', port: sentinelPort }],
      name: masterName,
    } as const;
    const lists = await createRedisListStore({
      target,
      keyPrefix: 'failover:',
      timeoutMs: 1_000,
      logger: silentLogger,
    });
    owner.after(() => lists.close());
    const application = await Application.create(owner, kafka);
    const board = new RedisBoard(lists);
    const instance = await Instance.start(application, { board });
    await until('every task to run', () => allRun(application, [instance]), { instances: [instance] });
    const load = await OutageLoad.open(application);
    load.start(300);
    await until('every group to be shown', () => board.values.size === GROUPS, { instances: [instance] });

    const before = await lists.generation();
    // The replica hears nothing for a while, and then the master is gone: what was acknowledged last may be lost.
    servers[1]!.pause();
    const shown = board.entries.get('group-0')!.version;
    await until('more to be published', () => board.entries.get('group-0')!.version > shown + 3, {
      instances: [instance],
    });
    const newest = new Map([...board.entries].map(([key, { version }]) => [key, version]));
    await servers[0]!.kill();
    servers[1]!.resume();
    const killedMs = performance.now();
    await poll('the new master', async () => (await lists.generation().catch(() => before)) !== before, PATIENCE_MS);
    const tookOverMs = performance.now() - killedMs;
    await load.pause();
    await processed(application, [instance], PATIENCE_MS);
    assert.deepEqual(await faultsOf(application, [instance]), []);

    const keys = [...application.expected.groups.keys()].sort();
    const expected = keys.map((key) => application.expected.groups.get(key));
    const stored = async () =>
      (await lists.getMany(keys)).map((entry) => entry && Number(Buffer.from(entry.value).toString()));
    await poll('everything to be there', async () => String(await stored()) === String(expected), PATIENCE_MS);
    for (const [i, entry] of (await lists.getMany(keys)).entries())
      assert.ok(entry!.version >= newest.get(keys[i]!)!, `${keys[i]} is older than it was`);
    t.diagnostic(
      `new master after ${Math.round(tookOverMs)} ms, all there after ${Math.round(performance.now() - killedMs)} ms`,
    );
  });
});
