// What a changelog, a source topic or a directory on disk may look like when a task is taken over, and what must come of it. Each on
// an application of its own; the answers are those of a plain program over the events.

import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import type { ChangelogRecord, EngineError } from '../../engine/api/index.ts';
import { topicsOf } from '../../engine/graph/topology.ts';
import { createKafka, createKafkaLog } from '../../engine/kafka/index.ts';
import { FAST_COMPACTION, kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { Application, type ApplicationOptions, differences, QUICK_COMPACTION } from '../support/restore-application.ts';
import { allRun, Board, drained, Instance, type InstanceOptions, until } from '../support/restore-instance.ts';
import { countingTopology, type Event, numberedKey } from '../support/restore-topology.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

describe('a task is restored', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;

  before(async () => {
    kafka = await kafkaServer(owner, { properties: FAST_COMPACTION });
  });

  const newApplication = (options: ApplicationOptions = {}) => Application.create(owner, kafka, options);

  const sales = (from: number, count: number): (readonly [string, Event])[] =>
    Array.from({ length: count }, (_, i) => [
      `key-${(from + i) % 97}`,
      { group: `group-${(from + i) % 7}`, amount: 1 },
    ]);

  /** Starts an instance and waits until its board shows all that was sent. */
  async function startAndDrain(application: Application, options: InstanceOptions = {}): Promise<Instance> {
    const instance = await Instance.start(application, options);
    await drained(application, [instance]);
    return instance;
  }

  async function assertExact(application: Application): Promise<void> {
    const state = await application.state();
    assert.deepEqual(differences(state.counts, application.expected.counts), []);
    assert.deepEqual(differences(state.groups, application.expected.groups), []);
  }

  /** A task that is refused fails with this error, again and again. */
  async function assertRefused(application: Application, options: InstanceOptions, code: string, text: RegExp) {
    const instance = await Instance.start(application, options);
    await until('a task to fail', () => instance.taskError !== undefined);
    const failure = instance.taskError as EngineError;
    assert.equal(failure.code, code);
    assert.match(failure.message, text);
    assert.equal(instance.engine.status, 'RUNNING', 'one task takes no other with it');
    await instance.close();
    return failure;
  }

  /** A copy of a closed instance's disk, as a backup or a machine that was away has it. */
  function copyOf(instance: Instance): string {
    const directory = temporaryDirectory();
    cpSync(instance.directory, directory, { recursive: true });
    return directory;
  }

  /** Appends to a task's changelog what an owner of the task could have left there. */
  async function appendToChangelog(application: Application, task: number, records: readonly ChangelogRecord[]) {
    const log = createKafkaLog(application.logOptions);
    owner.after(() => log.close());
    await log.open(topicsOf(countingTopology(), application.tasks));
    const writer = await log.claim(task);
    await writer.commit(records, []);
    await writer.close();
    await log.close();
  }

  const change = (store: string, task: number, key: string, value: unknown): ChangelogRecord => ({
    key: Buffer.concat([
      Buffer.of(store.length),
      Buffer.from(store),
      Buffer.of(task >> 8, task & 0xff),
      Buffer.from(key),
    ]),
    value: value === null ? null : Buffer.from(JSON.stringify(value)),
  });

  /** Appends of transactions that never were: each begins a segment, where the old one is older than `segment.ms`. */
  async function appendAborted(application: Application, task: number, times: number) {
    const producer = createKafka(application.client).producer({
      transactionalId: `${application.name}-elsewhere-${task}`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    for (let i = 0; i < times; i++) {
      const { key, value } = change('counts', task, `aborted-${i}`, { n: 1 });
      const transaction = await producer.transaction();
      await transaction.send({
        topic: application.topic('changelog'),
        messages: [{ partition: task, key: Buffer.from(key), value: Buffer.from(value!) }],
      });
      await transaction.abort();
      await delay(120);
    }
    await producer.disconnect();
  }

  test('from an empty changelog: there is nothing, and it runs', async () => {
    const application = await newApplication();
    const instance = await startAndDrain(application);
    assert.equal(instance.totalChangelogRecords, 0);
    await application.send(sales(0, 100));
    await drained(application, [instance]);
    await instance.close();
    const second = await startAndDrain(application, { board: instance.board });
    await second.close();
    await assertExact(application);
  });

  test('in sync: the same disk again reads nothing', async () => {
    const application = await newApplication();
    await application.send(sales(0, 500));
    const first = await startAndDrain(application);
    await first.close();
    const second = await startAndDrain(application, {
      directory: first.directory,
      instanceId: first.instanceId,
      board: first.board,
    });
    assert.equal(second.totalChangelogRecords, 0);
    await second.close();
    await assertExact(application);
  });

  test('after an owner that stopped in order: nothing is published again', async () => {
    const application = await newApplication();
    await application.send(sales(0, 200));
    const first = await startAndDrain(application);
    await first.close();
    const second = await Instance.start(application);
    await until('every task to run', () => allRun(application, [second]), { instances: [second] });
    await application.send([['key-0', { group: 'late', amount: 1 }]]);
    await until('what comes next to be shown', () => second.board.values.get('late') === 1, { instances: [second] });
    await second.close();
    assert.deepEqual([...second.board.values.keys()], ['late']);
    await assertExact(application);
  });

  test('on the disk of some time ago: only the tail is read', async () => {
    const application = await newApplication({ tasks: 1 });
    await application.send([['filled', { group: 'g', fill: 5000, from: 0 }]]);
    const first = await startAndDrain(application);
    await first.close();
    const old = copyOf(first);
    const before = (await application.changelog(0)).length;
    await application.send(sales(0, 300));
    const second = await startAndDrain(application, { directory: first.directory, board: first.board });
    await second.close();
    const written = (await application.changelog(0)).length;
    const third = await startAndDrain(application, { directory: old, board: first.board });
    assert.ok(before > 5000);
    assert.equal(third.totalChangelogRecords, written - before);
    await third.close();
    assert.deepEqual(await third.contentHash(0), await second.contentHash(0));
    await assertExact(application);
  });

  test('from a changelog whose beginning was deleted: refused without a disk, fine with one that covers it', async () => {
    const application = await newApplication({ tasks: 1 });
    await application.send(sales(0, 500));
    const first = await startAndDrain(application);
    await first.close();
    const { end } = await application.range('changelog', 0);
    await application.deleteRecords('changelog', 0, end - 1);
    await assertRefused(application, {}, 'OFFSET_OUT_OF_RANGE', /the changelog starts at offset \d+ .* were deleted/);

    await application.send(sales(7, 50));
    const second = await startAndDrain(application, { directory: first.directory });
    assert.equal(second.linesOf('task restored').filter(({ fields }) => Number(fields.from) < end).length, 0);
    await second.close();
    // The deleted records cannot be added up any more: the disk is what there is.
    assert.equal((await second.contentHash(0)).keys, application.expected.counts.size + 7);
  });

  test('from tombstones alone: to an empty store', async () => {
    const application = await newApplication({ tasks: 1 });
    await appendToChangelog(
      application,
      0,
      Array.from({ length: 50 }, (_, i) => change('counts', 0, `gone-${i}`, null)),
    );
    await application.send(sales(0, 20));
    const instance = await startAndDrain(application);
    assert.equal(instance.changelogRecords.get(0), 50);
    await instance.close();
    await assertExact(application);
  });

  test('from a compacted changelog that ends with what was compacted away, aborted, and marks', async () => {
    const application = await newApplication({ tasks: 1, changelog: QUICK_COMPACTION });
    await application.send([['filled', { group: 'g', fill: 2000, from: 0 }]]);
    const first = await startAndDrain(application);
    await application.send(sales(0, 200));
    await application.send([['filled', { group: 'g', drop: 2000, from: 0 }]]);
    await drained(application, [first]);
    await first.close();
    const { end } = await application.range('changelog', 0);
    // Tombstones are the newest of the application's records, and go when their time has come.
    const tombstones = Array.from({ length: 500 }, (_, i) => change('counts', 0, numberedKey('filled', i), null));
    await appendToChangelog(application, 0, tombstones);
    await until('the log to be compacted', async () => {
      await appendAborted(application, 0, 1);
      return (await application.changelog(0)).length < 200;
    });
    const second = await startAndDrain(application, { board: first.board });
    const [restored] = second.linesOf('task restored');
    assert.ok(Number(restored!.fields.to) > end + 500, 'it has passed what is not there any more');
    assert.ok(second.changelogRecords.get(0)! < 200);
    await second.close();
    await assertExact(application);
  });

  test('from behind a transaction that its former owner has left open: it is ended first', async () => {
    const application = await newApplication({ tasks: 1 });
    await application.send(sales(0, 100));
    const first = await startAndDrain(application);
    await first.close();
    const producer = createKafka(application.client).producer({
      transactionalId: `${application.name}-task-0`,
      maxInFlightRequests: 1,
      idempotent: true,
    });
    await producer.connect();
    const { key, value } = change('counts', 0, 'never-committed', { n: 1 });
    const transaction = await producer.transaction();
    const messages = [{ partition: 0, key: Buffer.from(key), value: Buffer.from(value!) }];
    await transaction.send({ topic: application.topic('changelog'), messages });
    await application.send(sales(3, 30));
    const startedMs = performance.now();
    const second = await startAndDrain(application, { directory: copyOf(first) });
    assert.ok(performance.now() - startedMs < 9000, 'it did not wait for the transaction to time out');
    await second.close();
    await producer.disconnect().catch(() => undefined);
    await assertExact(application);
  });

  /** Deletes the application's own topics and makes them again, as somebody might who begins anew. */
  async function makeAnew(application: Application): Promise<void> {
    const internal = ['changelog', 'amounts'].map((topic) => application.topic(topic));
    await application.admin.deleteTopics({ topics: internal });
    await until('the topics to be gone', async () => {
      const there = await application.admin.listTopics();
      return internal.every((topic) => !there.includes(topic));
    });
    await application.createTopics();
  }

  async function assertSetAside(application: Application, directory: string, board = new Board()): Promise<void> {
    const instance = await startAndDrain(application, { directory, board });
    const event = 'the state on disk is of another changelog: it is set aside, and the task restored';
    assert.equal(instance.linesOf(event).length, 2);
    assert.equal(readdirSync(join(directory, 'tasks', 'aside')).length, 2);
    await instance.close();
    await assertExact(application);
  }

  test('ahead of a changelog that was made anew: the directory is set aside and the task rebuilt from its sources', async () => {
    const application = await newApplication();
    await application.send(sales(0, 400));
    const first = await startAndDrain(application);
    await first.close();
    await makeAnew(application);
    await assertSetAside(application, first.directory);
  });

  test('behind a changelog that was made anew and has grown since: the directory is set aside, not mixed with it', async () => {
    const application = await newApplication();
    await application.send(sales(0, 100));
    const first = await startAndDrain(application);
    await first.close();
    const marks = [await application.range('changelog', 0), await application.range('changelog', 1)];
    await makeAnew(application);
    await application.send(sales(100, 700));
    const second = await startAndDrain(application, { recordsPerBatch: 20 });
    await second.close();
    // What it showed is not shown again by who restores what it did.
    const { board } = second;
    for (const [task, { end }] of marks.entries())
      assert.ok((await application.range('changelog', task)).end > end, 'it has grown past what the old disk knows');
    await assertSetAside(application, first.directory, board);
  });

  for (const isChecked of [true, false])
    test(`on a directory older than the changelog keeps deletions: ${isChecked ? 'restored in full, and nothing comes back' : 'without the check, deleted keys would come back'}`, async () => {
      const application = await newApplication({ tasks: 1, changelog: QUICK_COMPACTION });
      await application.send([['filled', { group: 'g', fill: 100, from: 0 }]]);
      const first = await startAndDrain(application);
      await first.close();
      const old = copyOf(first);

      await application.send([['filled', { group: 'g', drop: 60, from: 0 }]]);
      const second = await startAndDrain(application, { directory: first.directory, board: first.board });
      await second.close();
      const { end } = await application.range('changelog', 0);
      await until('the deletions to be compacted away', async () => {
        await appendAborted(application, 0, 1);
        const { records } = lastRecords(await application.changelog(0));
        return end > 0 && records.every(({ value }) => value !== null);
      });
      const third = await startAndDrain(application, {
        directory: old,
        board: first.board,
        prepare: (log) => {
          if (!isChecked) Object.defineProperty(log, 'tombstoneRetentionMs', { value: Number.POSITIVE_INFINITY });
        },
      });
      await third.close();
      const { keys } = await third.contentHash(0);
      // 40 filled keys are left, and the group.
      assert.equal(keys, isChecked ? 41 : 101);
      if (isChecked) assert.deepEqual(await third.contentHash(0), await second.contentHash(0));
      await assertExact(application);
    });

  test('with a position below the start of its source topic: refused, and nothing is reset', async () => {
    const application = await newApplication({ tasks: 1 });
    await application.send(sales(0, 100));
    const first = await startAndDrain(application);
    await first.close();
    const contents = await first.contentHash(0);
    await application.send(sales(5, 100));
    const committed = await application.admin.fetchOffsets({ groupId: application.name });
    await application.admin.deleteTopicRecords({
      topic: application.topic('events'),
      partitions: [{ partition: 0, offset: '150' }],
    });
    await assertRefused(
      application,
      { directory: first.directory },
      'OFFSET_OUT_OF_RANGE',
      /task 0 cannot go on: \S+-events-0 has no offset 100: it holds 150 to 200. Records .* were deleted/,
    );
    assert.deepEqual(await first.contentHash(0), contents);
    assert.deepEqual(await application.admin.fetchOffsets({ groupId: application.name }), committed);
  });

  test('for the first time, on a source topic whose beginning is gone: it begins where the topic begins', async () => {
    const application = await newApplication({ tasks: 1 });
    const lost = Array.from({ length: 10 }, () => ['lost', { group: 'lost', amount: 1 }]) as [string, Event][];
    await application.write('events', lost);
    await application.admin.deleteTopicRecords({
      topic: application.topic('events'),
      partitions: [{ partition: 0, offset: String(lost.length) }],
    });
    await application.send(sales(0, 20));
    const instance = await startAndDrain(application);
    await instance.close();
    await assertExact(application);
  });

  test('while the group is rebalanced: the tasks move in the middle of it, and end right', async () => {
    const application = await newApplication();
    const fills = Array.from({ length: 60 }, (_, i): readonly [string, Event] => [
      `filled-${i}`,
      { group: `group-${i % 5}`, fill: 500, from: 0 },
    ]);
    await application.send(fills);
    const first = await startAndDrain(application);
    await first.close();

    // The restore stops half-way until the group has been through its changes.
    let left = 5000;
    const halved = (log: Instance['log']) => {
      const fetchChangelog = log.fetchChangelog.bind(log);
      log.fetchChangelog = (taskId, offset) => {
        if (left <= 0) return { records: [], next: offset };
        const part = fetchChangelog(taskId, offset, 500);
        left -= part.records.length;
        return part;
      };
    };
    const a = await Instance.start(application, { prepare: halved });
    await until('the restore to stop', () => left <= 0);
    const b = await Instance.start(application, { board: a.board });
    await until('the second to run a task', () => b.running.length === 1, { instances: [a, b] });
    const views = a.engine.tasks();
    assert.deepEqual(
      views.map(({ status }) => status),
      ['RESTORING'],
    );
    await b.close();
    left = Number.POSITIVE_INFINITY;
    await until('the first to run both again', () => allRun(application, [a]), { instances: [a] });
    await application.send(sales(0, 50));
    await drained(application, [a]);
    await a.close();
    await assertExact(application);
  });

  test('with records of a store that the topology does not have: refused by the name of the store', async () => {
    const application = await newApplication({ tasks: 1 });
    await appendToChangelog(application, 0, [change('baskets', 0, 'k', 1)]);
    await assertRefused(application, {}, 'STATE_FORMAT_UNKNOWN', /records of a store "baskets"/);
  });

  /** The newest record of each key. */
  function lastRecords(records: readonly ChangelogRecord[]) {
    const last = new Map(records.map((record) => [Buffer.from(record.key).toString('latin1'), record]));
    return { records: [...last.values()] };
  }
});
