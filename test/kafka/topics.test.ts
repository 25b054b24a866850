import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Admin } from 'kafkajs';
import type { TopicSpec } from '../../engine/api/index.ts';
import { topicPlan } from '../../engine/kafka/topic-plan.ts';
import { checkTopics, createTopics, topicSetting } from '../../engine/kafka/topics.ts';
import * as server from '../support/kafka-server.ts';
import { kafkaOf } from './reading.ts';

const SPECS: readonly TopicSpec[] = [
  { name: 'clicks', partitions: 4, compacted: false, internal: false },
  { name: 'catalog', partitions: 4, compacted: true, internal: false },
  { name: 'campaigns', partitions: 4, compacted: true, internal: false, anyPartitionCount: true },
  { name: 'pair-deltas', partitions: 4, compacted: false, internal: true },
  { name: 'neighbours', partitions: 4, compacted: true, internal: true },
  { name: 'dead-letters', partitions: 4, compacted: false, internal: false },
];

describe('topics', server.needsServers(), () => {
  const owner = server.suiteOwner();
  let kafka: Awaited<ReturnType<typeof server.kafkaServer>>;
  let admin: Admin;
  let applications = 0;

  before(async () => {
    kafka = await server.kafkaServer(owner);
    admin = kafkaOf(kafka.bootstrap).admin();
    await admin.connect();
    owner.after(() => admin.disconnect());
  });

  /** Topics that somebody else has made. */
  async function makeTopics(
    specs: readonly { topic: string; partitions?: number; config: { [name: string]: string } }[],
  ): Promise<void> {
    const plan = specs.map(({ topic, partitions = 4, config }) => ({
      name: topic,
      partitions,
      anyPartitionCount: false,
      replicationFactor: 1,
      settings: config,
      required: [],
    }));
    await createTopics(admin, plan);
  }

  function newPlan(tasks = 4) {
    const app = `shop${++applications}`;
    const name = (topic: string) => `${app}-${topic}`;
    const plan = topicPlan(SPECS, {
      topicName: (spec) => name(spec.name),
      changelogTopic: name('changelog'),
      tasks,
      deadLetterTopic: 'dead-letters',
    });
    return { plan, name };
  }

  test('topics that are missing are named, created once, and then fit', async () => {
    const { plan, name } = newPlan();
    await assert.rejects(checkTopics(admin, plan), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'TOPIC_MISSING');
      for (const topic of ['changelog', ...SPECS.map((spec) => spec.name)])
        assert.ok(error.message.includes(name(topic)));
      return true;
    });
    const created = await createTopics(admin, plan);
    assert.deepEqual([...new Set(created.map(({ action }) => action))], ['created']);
    await checkTopics(admin, plan);
    const again = await createTopics(admin, plan);
    assert.deepEqual([...new Set(again.map(({ action }) => action))], ['kept']);
    assert.deepEqual(
      again.flatMap(({ differences }) => differences),
      [],
    );
    assert.equal(await topicSetting(admin, name('changelog'), 'cleanup.policy'), 'compact');
    assert.equal(await topicSetting(admin, name('clicks'), 'message.timestamp.type'), 'LogAppendTime');
    assert.equal(await topicSetting(admin, name('pair-deltas'), 'retention.ms'), '-1');
  });

  test('only what is missing is created', async () => {
    const { plan, name } = newPlan();
    await createTopics(admin, plan.slice(0, 2));
    const outcomes = await createTopics(admin, plan);
    assert.deepEqual(
      outcomes.filter(({ action }) => action === 'kept').map(({ topic }) => topic),
      [name('changelog'), name('clicks')],
    );
  });

  test('another number of partitions is refused with what to do, except where any will do', async () => {
    const { plan, name } = newPlan();
    await makeTopics([
      { topic: name('clicks'), partitions: 3, config: { 'message.timestamp.type': 'LogAppendTime' } },
      {
        topic: name('campaigns'),
        partitions: 1,
        config: { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' },
      },
    ]);
    const outcomes = await createTopics(admin, plan);
    const clicks = outcomes.find(({ topic }) => topic === name('clicks'))!;
    assert.equal(clicks.isRefused, true);
    assert.equal(outcomes.find(({ topic }) => topic === name('campaigns'))!.isRefused, false);
    await assert.rejects(checkTopics(admin, plan), {
      code: 'PARTITION_COUNT_MISMATCH',
      message: new RegExp(`^topic ${name('clicks')} has 3 partitions and needs 4, as many as there are tasks: .*$`),
    });
  });

  for (const [topic, config, text] of [
    ['changelog', { 'cleanup.policy': 'compact,delete' }, 'cleanup.policy=compact,delete'],
    ['pair-deltas', { 'retention.ms': '3600000' }, 'retention.ms=3600000'],
    ['clicks', {}, 'message.timestamp.type=CreateTime'],
    ['clicks', { 'cleanup.policy': 'compact', 'message.timestamp.type': 'LogAppendTime' }, 'cleanup.policy=compact'],
    ['catalog', { 'message.timestamp.type': 'LogAppendTime' }, 'cleanup.policy=delete'],
  ] as const)
    test(`a topic ${topic} with ${text} is refused`, async () => {
      const { plan, name } = newPlan();
      await makeTopics([{ topic: name(topic), config }]);
      await createTopics(admin, plan);
      await assert.rejects(checkTopics(admin, plan), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'TOPIC_SETTINGS_WRONG');
        assert.ok(error.message.includes(name(topic)) && error.message.includes(text), error.message);
        return true;
      });
    });

  test('a setting of taste is reported and not refused', async () => {
    const { plan, name } = newPlan();
    const config = { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': '86400000' };
    await makeTopics([{ topic: name('clicks'), config }]);
    const outcomes = await createTopics(admin, plan);
    const clicks = outcomes.find(({ topic }) => topic === name('clicks'))!;
    assert.deepEqual(clicks.differences, ['retention.ms is 86400000, the plan says 2592000000']);
    assert.equal(clicks.isRefused, false);
    await checkTopics(admin, plan);
  });
});
