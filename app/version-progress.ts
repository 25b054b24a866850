// How far a version has come, by what the brokers know of its group. Positions that count lie in the version's state; what the group is told
// follows them within some 100 ms, after the lists have been published: who has passed a point here has published it.

import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin } from 'kafkajs';
import { topicsOf } from '../engine/graph/index.ts';
import { claimsGroup, instanceOfMember } from '../engine/kafka/index.ts';
import { createFileSchemaSource, createSerdes, sourceTopics } from '../schemas/index.ts';
import { buildRecommendationTopology } from '../topology/index.ts';
import type { Config } from './config.ts';
import { plannedTopics, sourceTopicName, topicName } from './kafka.ts';
import { ownName, versionOfChangelog } from './version.ts';

const LOOK_MS = 250;
/** Of Kafka's error codes. */
const GROUP_ID_NOT_FOUND = 69;

/** Names of the versions that have a changelog, the first before others. */
export async function versionsThere(admin: Admin, { appId }: Config): Promise<readonly string[]> {
  const versions = (await admin.listTopics())
    .map((topic) => versionOfChangelog(appId, topic))
    .filter((version) => version !== undefined);
  return versions.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

const topologyOf = ({ partitions }: Config) =>
  buildRecommendationTopology({ serdes: createSerdes(createFileSchemaSource()), cacheMaxBytes: 0, partitions });

/** Physical names of the topics that a version's tasks read: the shop's, and what they send on to one another. */
function readTopics(config: Config): readonly string[] {
  const topology = topologyOf(config);
  const read = new Set(topology.nodes.flatMap((node) => (node.kind === 'source' ? [node.topic] : [])));
  return topicsOf(topology, config.partitions)
    .filter(({ name }) => read.has(name))
    .map((spec) => topicName(config, spec));
}

/** Physical names of the topics that are the version's own, by this release's topology. */
export function ownTopics(config: Config): readonly string[] {
  const shared = new Set<string>(sourceTopics.map((name) => sourceTopicName(config, name)));
  return plannedTopics(config, topologyOf(config))
    .map(({ name }) => name)
    .filter((name) => !shared.has(name));
}

/** Number of engines that are in a version's group; threads of one are one. */
export async function runningInstances(admin: Admin, config: Config): Promise<number> {
  const { groups } = await admin.describeGroups([ownName(config)]);
  const members = groups[0]?.members ?? [];
  return new Set(members.map((member) => instanceOfMember(member.memberId, member.memberMetadata))).size;
}

interface Place {
  readonly topic: string;
  readonly partition: number;
  /** First offset that is still there, and the one after the last. */
  readonly low: number;
  readonly high: number;
}

async function placesOf(admin: Admin, topics: readonly string[]): Promise<readonly Place[]> {
  const present = new Set(await admin.listTopics());
  const places = await Promise.all(
    topics
      .filter((topic) => present.has(topic))
      .map(async (topic) =>
        (await admin.fetchTopicOffsets(topic)).map(({ partition, low, high }) => ({
          topic,
          partition,
          low: Number(low),
          high: Number(high),
        })),
      ),
  );
  return places.flat();
}

/** Records below `high` that the group has not told to be done with. */
async function behind(admin: Admin, config: Config, places: readonly Place[]): Promise<number> {
  const topics = [...new Set(places.map(({ topic }) => topic))];
  const told = new Map<string, number>();
  for (const { topic, partitions } of await admin.fetchOffsets({ groupId: ownName(config), topics }))
    for (const { partition, offset } of partitions) told.set(`${topic}/${partition}`, Number(offset));
  return places.reduce(
    (sum, { topic, partition, low, high }) =>
      sum + Math.max(0, high - Math.max(low, told.get(`${topic}/${partition}`) ?? -1)),
    0,
  );
}

/** Records that a version has yet to process. */
export async function lagOf(admin: Admin, config: Config): Promise<number> {
  return behind(admin, config, await placesOf(admin, readTopics(config)));
}

/**
 * Waits until a version has published what comes of everything that is in the log now. Returns the records that are left of it: 0, or
 * more after `withinMs`.
 */
export async function catchUp(
  admin: Admin,
  config: Config,
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<number> {
  const places = await placesOf(admin, readTopics(config));
  for (const endMs = performance.now() + withinMs; ; await delay(LOOK_MS, undefined, { signal })) {
    const left = await behind(admin, config, places);
    if (left === 0 || performance.now() > endMs) return left;
  }
}

/** Forgets the version's groups, which must have no member. One that is not there is no mistake. */
export async function deleteGroups(admin: Admin, config: Config): Promise<void> {
  try {
    await admin.deleteGroups([ownName(config), claimsGroup(ownName(config))]);
  } catch (error) {
    const isUnknown =
      error instanceof kafkajs.KafkaJSDeleteGroupsError &&
      error.groups?.every(({ errorCode }) => errorCode === GROUP_ID_NOT_FOUND) === true;
    if (!isUnknown) throw error;
  }
}
