// Which topics an application needs on Kafka, and with which settings: pure, so that it can be printed before it is done.
//
// Some settings decide whether the engine is right; with others it would lose or forget what it relies on, so they are checked
// at every start. The rest is how topics are made, and anyone's to change afterwards.

import type { TopicSpec } from '../api/index.ts';

/** A topic as it should be. */
export interface PlannedTopic {
  /** Physical name. */
  readonly name: string;
  readonly partitions: number;
  /** A topic of global stores alone may have another number. */
  readonly anyPartitionCount: boolean;
  /** `undefined` leaves it to the brokers' `default.replication.factor`. */
  readonly replicationFactor: number | undefined;
  /** Settings that the topic is created with, by Kafka's names. */
  readonly settings: Readonly<{ [name: string]: string }>;
  /** Settings without which the engine refuses to start. */
  readonly required: readonly RequiredSetting[];
}

export interface RequiredSetting {
  readonly name: string;
  /** Whether a value will do. */
  fits(value: string): boolean;
  /** What must be set, and what happens otherwise. */
  readonly text: string;
}

export interface TopicPlanOptions {
  /** Physical name of a topic. */
  topicName(spec: TopicSpec): string;
  readonly changelogTopic: string;
  /** Number of tasks: the partitions of the changelog. */
  readonly tasks: number;
  /** Logical name of the topic of refused records. */
  readonly deadLetterTopic: string;
  /** Copies of each partition; `undefined` leaves it to the brokers. */
  readonly replicationFactor?: number | undefined;
  /** How long events of shoppers are kept, ms; -1 for ever. @defaultValue 30 days */
  readonly retentionMs?: number | undefined;
}

const DAY_MS = 86_400_000;
const DEFAULT_RETENTION_MS = 30 * DAY_MS;
const DEAD_LETTER_RETENTION_MS = 14 * DAY_MS;
/** Deletions stay readable for so long: a state directory that is older cannot follow the changelog any more. */
const TOMBSTONE_RETENTION_MS = DAY_MS;

/** Only closed segments are compacted: small ones, closed every six hours at the latest, keep what a restore reads close to the state. */
const COMPACTION = {
  'segment.bytes': String(64 * 1024 * 1024),
  'segment.ms': String(DAY_MS / 4),
  'min.cleanable.dirty.ratio': '0.2',
  'delete.retention.ms': String(TOMBSTONE_RETENTION_MS),
} as const;

const APPEND_TIME: RequiredSetting = {
  name: 'message.timestamp.type',
  fits: (value) => value === 'LogAppendTime',
  text: 'must be LogAppendTime: by the time of append the engine tells records that lie in the future',
};
const IS_COMPACTED: RequiredSetting = {
  name: 'cleanup.policy',
  fits: (value) => policies(value).includes('compact'),
  text: 'must contain compact: the newest record of each key is needed for ever',
};
const ONLY_COMPACTED: RequiredSetting = {
  name: 'cleanup.policy',
  fits: (value) => policies(value).join() === 'compact',
  text: 'must be compact and nothing else: state that has not changed for long would be lost',
};
const NOT_COMPACTED: RequiredSetting = {
  name: 'cleanup.policy',
  fits: (value) => !policies(value).includes('compact'),
  text: 'must not contain compact: of the events of one key only the last would be kept',
};
const NO_AGE_LIMIT: RequiredSetting = {
  name: 'retention.ms',
  fits: (value) => value === '-1',
  text: 'must be -1: the engine deletes what has been processed, and what has not must stay',
};
const NO_SIZE_LIMIT: RequiredSetting = {
  name: 'retention.bytes',
  fits: (value) => value === '-1',
  text: 'must be -1: the engine deletes what has been processed, and what has not must stay',
};

/** The topics of an application, the changelog first. */
export function topicPlan(specs: readonly TopicSpec[], options: TopicPlanOptions): readonly PlannedTopic[] {
  const { tasks, changelogTopic, replicationFactor } = options;
  const changelog: PlannedTopic = {
    name: changelogTopic,
    partitions: tasks,
    anyPartitionCount: false,
    replicationFactor,
    settings: { 'cleanup.policy': 'compact', ...COMPACTION },
    required: [ONLY_COMPACTED],
  };
  const planned = specs.map((spec): PlannedTopic => {
    const anyPartitionCount = spec.anyPartitionCount ?? false;
    const name = options.topicName(spec);
    return { name, partitions: spec.partitions, anyPartitionCount, replicationFactor, ...settingsOf(spec, options) };
  });
  return [changelog, ...planned];
}

function settingsOf(spec: TopicSpec, options: TopicPlanOptions): Pick<PlannedTopic, 'settings' | 'required'> {
  if (spec.name === options.deadLetterTopic)
    return { settings: { 'cleanup.policy': 'delete', 'retention.ms': String(DEAD_LETTER_RETENTION_MS) }, required: [] };
  if (spec.internal && spec.compacted)
    return { settings: { 'cleanup.policy': 'compact', ...COMPACTION }, required: [ONLY_COMPACTED] };
  if (spec.internal)
    return {
      settings: { 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' },
      required: [NOT_COMPACTED, NO_AGE_LIMIT, NO_SIZE_LIMIT],
    };
  const appendTime = { 'message.timestamp.type': 'LogAppendTime' };
  if (spec.compacted)
    return {
      settings: { 'cleanup.policy': 'compact', ...COMPACTION, ...appendTime },
      required: [IS_COMPACTED, APPEND_TIME],
    };
  const retention = { 'cleanup.policy': 'delete', 'retention.ms': String(options.retentionMs ?? DEFAULT_RETENTION_MS) };
  return { settings: { ...retention, ...appendTime }, required: [NOT_COMPACTED, APPEND_TIME] };
}

function policies(value: string): readonly string[] {
  return value
    .split(',')
    .map((policy) => policy.trim())
    .filter((policy) => policy !== '');
}
