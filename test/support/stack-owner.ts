// A process that owns a broker and a Redis until somebody ends it: for tests of what becomes of servers whose owner is gone.
// Arguments: a directory. Prints one line of JSON when the servers are up.

import { join } from 'node:path';
import { startKafka } from '../../deploy/local-stack/kafka.ts';
import { startRedis } from '../../deploy/local-stack/redis.ts';

const directory = process.argv[2]!;
const [kafka, redis] = await Promise.all([
  startKafka({ directory: join(directory, 'kafka') }),
  startRedis({ directory: join(directory, 'redis') }),
]);
console.log(JSON.stringify({ pids: [kafka.pid, redis.pid] }));
setInterval(() => {}, 60_000);
