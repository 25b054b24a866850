export { CHARGE_PER_ENCODED_BYTE, type KeyValueStoreOptions, keyValueStore } from './key-value-store.ts';
export { createMemoryDatabase } from './memory-database.ts';
export { openRocksDatabase, type RocksDatabaseOptions } from './rocks-database.ts';
export { rocksTaskDatabases } from './task-databases.ts';
