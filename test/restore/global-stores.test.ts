// The global stores of an instance against what may have become of their topics while it was away.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { FAST_COMPACTION, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { Application, QUICK_COMPACTION } from '../support/restore-application.ts';
import { drained, Instance, until } from '../support/restore-instance.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('the global stores of an instance', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;

  before(async () => {
    kafka = await kafkaServer(owner, { properties: FAST_COMPACTION });
  });

  async function start(application: Application, directory = temporaryDirectory()): Promise<Instance> {
    const instance = await Instance.start(application, { directory });
    await drained(application, [instance]);
    return instance;
  }

  /** What the store holds when it has read all: it follows in the background. */
  async function namesOf(instance: Instance): Promise<ReadonlyMap<string, string>> {
    await until('the global stores', () => instance.engine.tables!.lag() === 0, { instances: [instance] });
    const store = instance.engine.tables!.stores().get('names')!;
    return new Map([...store.scan()] as [string, string][]);
  }

  test('are read again when their topic has dropped deletions meanwhile', async () => {
    const application = await Application.create(owner, kafka, { tasks: 1, names: QUICK_COMPACTION });
    await application.write('names', [
      ['a', 'A'],
      ['b', 'B'],
      ['c', 'C'],
    ]);
    const first = await start(application);
    assert.equal((await namesOf(first)).size, 3);
    await first.close();
    await application.write('names', [['b', null]]);
    const reader = application.reader();
    await until('the deletion to be compacted away', async () => {
      await application.write('names', [['c', `C ${performance.now()}`]]);
      const { end } = await application.range('names', 0);
      let isDeletion = false;
      for (let offset = 0; offset < end; ) {
        const [part] = reader.fetch([{ topic: application.topic('names'), partition: 0, offset, maxRecords: 100 }]);
        isDeletion ||= part!.records.some(({ key, value }) => key === 'b' || value === null);
        if (part!.next === offset) await reader.appended(100, AbortSignal.timeout(1000));
        offset = part!.next;
      }
      reader.forget([{ topic: application.topic('names'), partition: 0 }]);
      await delay(120);
      return !isDeletion;
    });
    const second = await start(application, first.directory);
    assert.equal(second.linesOf('global stores are read from the start').length, 1);
    assert.deepEqual([...(await namesOf(second)).keys()], ['a', 'c']);
  });

  test('begin where their topic begins, when its beginning was deleted', async () => {
    const application = await Application.create(owner, kafka, { tasks: 1 });
    await application.write('names', [
      ['a', 'A'],
      ['b', 'B'],
    ]);
    await application.deleteRecords('names', 0, 1);
    const instance = await start(application);
    assert.deepEqual(await namesOf(instance), new Map([['b', 'B']]));
  });
});
