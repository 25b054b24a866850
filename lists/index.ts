export * from './card-codec.ts';
export * from './embedded-list-store.ts';
export * from './keys.ts';
export * from './list.ts';
export * from './list-codec.ts';
export * from './list-store.ts';
export * from './list-view.ts';
export { createRedisClient, keepConnected, RedisUnavailableError } from './redis-connection.ts';
export { dropRedisLists } from './redis-drop.ts';
export * from './redis-list-store.ts';
export {
  DEFAULT_INACTIVE_EXPIRY_MS,
  type RedisAddress,
  type RedisListStoreOptions,
  type RedisTarget,
  type RedisTls,
  redisOptionsFromUrl,
} from './redis-options.ts';
export { formatServedVersions, parseServedVersions, RedisVersions, type ServedVersions } from './redis-versions.ts';
