// Which broker leads which partition, asked topic by topic: one topic that is gone or forbidden must not hide the others.

import type { Broker, Cluster } from './kafkajs-internals.ts';

export interface Node {
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

/** What one topic's metadata says: the leaders by partition, or why there are none, in Kafka's name of the error. */
export type TopicLeaders = { readonly leaders: ReadonlyMap<number, Node> } | { readonly error: string };

/** Kafka's name of an error, or its text. */
export function errorName(error: unknown): string {
  if (error instanceof Error) return 'type' in error && typeof error.type === 'string' ? error.type : error.message;
  return String(error);
}

/** Errors that are about the topic; any other is about the broker that was asked. */
const ABOUT_TOPIC: ReadonlySet<string> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'INVALID_TOPIC_EXCEPTION',
  'TOPIC_AUTHORIZATION_FAILED',
  'LEADER_NOT_AVAILABLE',
]);

/**
 * Leaders of the partitions of `topics`, in their order.
 *
 * @param fallbacks connected brokers to ask when the bootstrap list has none that answers.
 * @throws the error of the last broker that was asked, when none answers.
 */
export async function findLeaders(
  cluster: Cluster,
  fallbacks: readonly Broker[],
  topics: readonly string[],
): Promise<TopicLeaders[]> {
  let failure: unknown;
  for (const candidate of [() => cluster.brokerPool.findConnectedBroker(), ...fallbacks.map((b) => async () => b)]) {
    try {
      const broker = await candidate();
      return await Promise.all(topics.map((topic) => findTopicLeaders(broker, topic)));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function findTopicLeaders(broker: Broker, topic: string): Promise<TopicLeaders> {
  try {
    const { brokers, topicMetadata } = await broker.metadata([topic]);
    const leaders = new Map<number, Node>();
    for (const { partitionId, leader } of topicMetadata.find((t) => t.topic === topic)?.partitionMetadata ?? []) {
      const node = brokers.find(({ nodeId }) => nodeId === leader);
      if (node !== undefined) leaders.set(partitionId, node);
    }
    return { leaders };
  } catch (error) {
    const name = errorName(error);
    if (ABOUT_TOPIC.has(name)) return { error: name };
    throw error;
  }
}
