// Counts of API keys' requests, brought together over Redis.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readConfig } from '../../app/config.ts';
import { openRateCounts } from '../../app/rate-counts.ts';
import { needsRedis, startRedis } from '../support/redis-server.ts';
import { asking, poll } from '../support/redis-topologies.ts';

describe('rate limits over Redis', needsRedis(), () => {
  test('processes of an application add up, another application does not, and the window ends', async (t) => {
    const redis = await startRedis();
    t.after(() => redis.kill());
    const open = (appId: string) => {
      const counts = openRateCounts(readConfig({ FRESHET_REDIS_URL: redis.url, FRESHET_APP_ID: appId }));
      t.after(() => counts.close());
      return counts;
    };
    const [one, two, other] = [open('shop'), open('shop'), open('other')];
    await poll('the connections', async () => {
      const tries = await Promise.allSettled([one, two, other].map((counts) => counts.add('warm', 1)));
      return tries.every(({ status }) => status === 'fulfilled');
    });
    assert.equal((await one.add('k', 3)).requests, 3);
    const { requests, endsInMs } = await two.add('k', 4);
    assert.equal(requests, 7);
    assert.ok(endsInMs > 0 && endsInMs <= 10_000, `${endsInMs}`);
    assert.equal((await other.add('k', 1)).requests, 1);
    const keys = await asking(redis.port, (client) => client.keys('*'));
    assert.ok(
      keys.every((key) => /^freshet:(shop|other):#rate:/.test(key)),
      keys.join(),
    );
    await redis.kill();
    await poll('the loss', async () =>
      one.add('k', 1).then(
        () => false,
        () => true,
      ),
    );
  });
});
