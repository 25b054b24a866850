// What a version's things are called: nothing changes for an installation without versions, and no two versions share anything of their own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../../../app/config.ts';
import { plannedTopics } from '../../../app/kafka.ts';
import { redisOptions } from '../../../app/redis.ts';
import { changelogName, ownName, VERSION_NAME, versionOfChangelog } from '../../../app/version.ts';
import { ownTopics } from '../../../app/version-progress.ts';
import { createFileSchemaSource, createSerdes, sourceTopics } from '../../../schemas/index.ts';
import { buildRecommendationTopology } from '../../../topology/index.ts';

const topology = buildRecommendationTopology({
  serdes: createSerdes(createFileSchemaSource()),
  cacheMaxBytes: 0,
  partitions: 4,
});

const topicsOf = (environment: NodeJS.ProcessEnv): readonly string[] =>
  plannedTopics(readConfig(environment), topology).map(({ name }) => name);

const names = fc.stringMatching(VERSION_NAME);
const appIds = fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/);

test('an installation without versions keeps the names that it always had', () => {
  const config = readConfig({ FRESHET_APP_ID: 'shop' });
  assert.equal(ownName(config), 'shop');
  assert.equal(redisOptions(config).keyPrefix, 'freshet:shop:');
  assert.deepEqual(topicsOf({ FRESHET_APP_ID: 'shop' }), topicsOf({ FRESHET_APP_ID: 'shop', FRESHET_VERSION: '1' }));
  assert.ok(topicsOf({ FRESHET_APP_ID: 'shop' }).includes('shop-changelog'));
});

test('two versions share the topics of the shop, and no other', () => {
  const [one, two] = [
    topicsOf({ FRESHET_APP_ID: 'shop', FRESHET_TOPIC_PREFIX: 'events.' }),
    topicsOf({ FRESHET_APP_ID: 'shop', FRESHET_TOPIC_PREFIX: 'events.', FRESHET_VERSION: '2' }),
  ];
  const shared = one.filter((topic) => two.includes(topic)).sort();
  assert.deepEqual(shared, sourceTopics.map((topic) => `events.${topic}`).sort());
});

test('what is retired of a version is never a topic of the shop, even where both have the same beginning', () => {
  const config = readConfig({ FRESHET_APP_ID: 'shop', FRESHET_TOPIC_PREFIX: 'shop-', FRESHET_VERSION: '1' });
  const own = ownTopics(config);
  assert.ok(own.includes('shop-changelog') && own.includes('shop-neighbours') && own.includes('shop-dead-letters'));
  for (const topic of sourceTopics) assert.ok(!own.includes(`shop-${topic}`), topic);
});

test('a version is found again by its changelog', () => {
  fc.assert(
    fc.property(appIds, names, (appId, version) => {
      assert.equal(versionOfChangelog(appId, changelogName({ appId, version })), version);
    }),
  );
  for (const topic of [
    'shop-v2-neighbours',
    'other-changelog',
    'shop-v-changelog',
    'shop-v2-x-changelog',
    'shop-v1-changelog',
  ])
    assert.equal(versionOfChangelog('shop', topic), undefined, topic);
});

test('no version’s keys begin with those of another', () => {
  fc.assert(
    fc.property(appIds, fc.uniqueArray(names, { minLength: 2, maxLength: 2 }), (appId, versions) => {
      const [a, b] = versions.map((version) => `freshet:${ownName({ appId, version })}:`);
      assert.ok(!a!.startsWith(b!) && !b!.startsWith(a!));
    }),
  );
});

test('a name that could not be told from the rest of a topic’s is refused', () => {
  for (const version of ['v-2', 'a.b', '', ' ', 'x'.repeat(21), 'ä'])
    assert.throws(() => readConfig({ FRESHET_VERSION: version }), /FRESHET_VERSION/, version);
});
