import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redisOptionsFromUrl } from '../../../lists/index.ts';
import { addressText, checkRedisOptions, retryDelayMs } from '../../../lists/redis-options.ts';

describe('the url of Redis', () => {
  it('gives the address alone', () => {
    assert.deepEqual(redisOptionsFromUrl('redis://localhost'), {
      target: { mode: 'single', address: { host: 'localhost', port: 6379 } },
    });
  });

  it('gives user, password, port, database and TLS', () => {
    assert.deepEqual(redisOptionsFromUrl('rediss://me:p%40ss@[::1]:7000/3'), {
      target: { mode: 'single', address: { host: '::1', port: 7000 }, database: 3 },
      username: 'me',
      password: 'p@ss',
      tls: {},
    });
  });

  it('is refused without a word of it when it is none', () => {
    for (const url of ['', 'secret', 'http://secret@h', 'redis://', 'redis://u:secret@h/x', 'redis://u:secret@h/1/2']) {
      assert.throws(
        () => redisOptionsFromUrl(url),
        (error) => error instanceof TypeError && !/secret/.test(error.message),
      );
    }
  });
});

describe('options of the list store on Redis', () => {
  const target = { mode: 'single', address: { host: 'h', port: 1 } } as const;

  it('are refused when they cannot be meant', () => {
    checkRedisOptions({ target, keyPrefix: 'freshet:shop:' });
    const wrong = [
      { target, keyPrefix: '' },
      { target, keyPrefix: 'a{b}' },
      { target, keyPrefix: 'p', timeoutMs: 0 },
      { target, keyPrefix: 'p', timeoutMs: Number.NaN },
      { target, keyPrefix: 'p', inactiveExpiryMs: 0 },
      { target: { mode: 'cluster', nodes: [] }, keyPrefix: 'p' },
    ] as const;
    for (const options of wrong) assert.throws(() => checkRedisOptions(options), RangeError);
  });

  it('name addresses as a reader would write them', () => {
    assert.equal(addressText(target), 'h:1');
    const nodes = [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ];
    assert.equal(addressText({ mode: 'cluster', nodes }), 'a:1,[::1]:2');
  });

  it('retry slower and slower, never slower than 2 s, for ever', () => {
    for (const [attempts, most] of [
      [1, 50],
      [2, 100],
      [1_000_000, 2_000],
    ] as const) {
      const delayMs = retryDelayMs(attempts);
      assert(delayMs <= most && delayMs >= 0.8 * most - 1, `${delayMs}`);
    }
  });
});
