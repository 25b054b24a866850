// The shared log on Apache Kafka.

export { KafkaAppender, type KafkaAppenderOptions } from './appender.ts';
export type { Compression } from './batch-encoder.ts';
export { claimsGroup } from './claim-note.ts';
export { createCluster, createKafka, type KafkaClientOptions } from './client.ts';
export { instanceOfMember } from './group-protocol.ts';
export { createKafkaLog, KafkaLog, type KafkaLogOptions } from './kafka-log.ts';
export { LogReader as KafkaLogReader, type LogReaderOptions as KafkaLogReaderOptions } from './log-reader.ts';
export type { GroupMembership } from './membership.ts';
export { type PlannedTopic, type RequiredSetting, type TopicPlanOptions, topicPlan } from './topic-plan.ts';
export { checkTopics, createTopics, type TopicOutcome } from './topics.ts';
