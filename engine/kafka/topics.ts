// Makes and checks topics on the brokers. What exists is never changed: its owner may have had reasons, and a number of
// partitions cannot be changed at all without moving keys between tasks.

import kafkajs, { type Admin } from 'kafkajs';
import { EngineError, type EngineErrorCode } from '../api/index.ts';
import { retryUntil } from './retry.ts';
import type { PlannedTopic } from './topic-plan.ts';

/** How long new topics may take to get their leaders, ms. */
const CREATE_TIMEOUT_MS = 30_000;

/** What `createTopics` found or did. */
export interface TopicOutcome {
  readonly topic: string;
  readonly action: 'created' | 'kept';
  /** How a topic that exists differs from the plan, one sentence each. */
  readonly differences: readonly string[];
  /** Whether the engine refuses to start with these differences. */
  readonly isRefused: boolean;
}

/** A topic as it is. */
interface PresentTopic {
  readonly partitions: number;
  readonly settings: ReadonlyMap<string, string>;
}

interface Problem {
  readonly code: EngineErrorCode;
  readonly text: string;
}

/**
 * Creates the topics that are missing and says how the others differ. To be called with a connected admin client.
 *
 * @returns one outcome a topic, in the plan's order.
 */
export async function createTopics(admin: Admin, plan: readonly PlannedTopic[]): Promise<readonly TopicOutcome[]> {
  const present = await presentTopics(admin, plan);
  const missing = plan.filter(({ name }) => !present.has(name));
  if (missing.length > 0) {
    await admin.createTopics({
      // kafkajs's own waiting gives up at a broker that has not heard of the topics yet.
      waitForLeaders: false,
      topics: missing.map(({ name, partitions, replicationFactor, settings }) => ({
        topic: name,
        numPartitions: partitions,
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
        configEntries: Object.entries(settings).map(([setting, value]) => ({ name: setting, value })),
      })),
    });
    await waitForLeaders(
      admin,
      missing.map(({ name }) => name),
    );
  }
  return plan.map((topic): TopicOutcome => {
    const found = present.get(topic.name);
    if (found === undefined) return { topic: topic.name, action: 'created', differences: [], isRefused: false };
    const problems = problemsOf(topic, found);
    const texts = problems.map(({ text }) => text);
    const refused = new Set(
      topic.required.filter(({ name, fits }) => !fits(found.settings.get(name) ?? '')).map(({ name }) => name),
    );
    for (const [name, value] of Object.entries(topic.settings)) {
      const is = found.settings.get(name);
      if (is !== value && !refused.has(name)) texts.push(`${name} is ${is ?? 'unknown'}, the plan says ${value}`);
    }
    return { topic: topic.name, action: 'kept', differences: texts, isRefused: problems.length > 0 };
  });
}

/**
 * Checks what the engine relies on.
 * @throws {EngineError} `TOPIC_MISSING`, `PARTITION_COUNT_MISMATCH` or `TOPIC_SETTINGS_WRONG`, the first that applies, with all
 *   that is wrong in its text.
 */
export async function checkTopics(admin: Admin, plan: readonly PlannedTopic[]): Promise<void> {
  const present = await presentTopics(admin, plan);
  const problems = plan.flatMap((topic) => problemsOf(topic, present.get(topic.name)));
  for (const code of ['TOPIC_MISSING', 'PARTITION_COUNT_MISMATCH', 'TOPIC_SETTINGS_WRONG'] as const)
    if (problems.some((found) => found.code === code))
      throw new EngineError(code, problems.map(({ text }) => text).join('\n'));
}

/** Value of a setting of a topic, or `undefined` where the brokers do not know it. */
export async function topicSetting(admin: Admin, topic: string, name: string): Promise<string | undefined> {
  return (await settingsOf(admin, [topic])).get(topic)?.get(name);
}

function problemsOf(topic: PlannedTopic, found: PresentTopic | undefined): readonly Problem[] {
  if (found === undefined)
    return [{ code: 'TOPIC_MISSING', text: `topic ${topic.name} does not exist: run "freshet topics create"` }];
  const problems: Problem[] = [];
  if (!topic.anyPartitionCount && found.partitions !== topic.partitions)
    problems.push({
      code: 'PARTITION_COUNT_MISMATCH',
      text:
        `topic ${topic.name} has ${found.partitions} partitions and needs ${topic.partitions}, as many as there are tasks: ` +
        'set the number of tasks to that of the topic, or make the topic anew and replay its events',
    });
  for (const { name, fits, text } of topic.required) {
    const value = found.settings.get(name) ?? 'unknown';
    if (!fits(value))
      problems.push({ code: 'TOPIC_SETTINGS_WRONG', text: `topic ${topic.name} has ${name}=${value}; it ${text}` });
  }
  return problems;
}

async function waitForLeaders(admin: Admin, names: readonly string[]): Promise<void> {
  await retryUntil(performance.now() + CREATE_TIMEOUT_MS, async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [...names] });
    for (const { name, partitions } of topics)
      if (partitions.some(({ leader }) => leader < 0)) throw new Error(`topic ${name} has no leaders yet`);
    // A broker may be named as a leader before it has heard of it: only a leader can tell offsets.
    await Promise.all(names.map((name) => admin.fetchTopicOffsets(name)));
  });
}

async function presentTopics(admin: Admin, plan: readonly PlannedTopic[]): Promise<ReadonlyMap<string, PresentTopic>> {
  const all = new Set(await admin.listTopics());
  const names = plan.map(({ name }) => name).filter((name) => all.has(name));
  if (names.length === 0) return new Map();
  const [{ topics }, settings] = await Promise.all([
    admin.fetchTopicMetadata({ topics: names }),
    settingsOf(admin, names),
  ]);
  return new Map(
    topics.map(({ name, partitions }) => [
      name,
      { partitions: partitions.length, settings: settings.get(name) ?? new Map() },
    ]),
  );
}

async function settingsOf(
  admin: Admin,
  topics: readonly string[],
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
}
