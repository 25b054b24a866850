// A task whose directory is gone is restored in full, with the same content, while the other tasks of the instance go on.
// The long form: RESTORE_KEYS=2000000 node --test test/restore/full-restore.test.ts

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '../../engine/api/index.ts';
import { kafkaServer, needsServers } from '../support/kafka-server.ts';
import { Application, differences } from '../support/restore-application.ts';
import { drained, Instance, until } from '../support/restore-instance.ts';
import type { Event } from '../support/restore-topology.ts';

/** Keys of about 200 bytes, key and value. */
const KEYS = Number(process.env.RESTORE_KEYS ?? 200_000);
const TASKS = 4;
const KEYS_PER_EVENT = 500;
/** How long commits are measured before the restore, ms. */
const BASELINE_MS = 3_000;

/** How long commits took, by when they ended. */
class CommitTimes {
  readonly #startedMs = new Map<number, number>();
  readonly #taken: { readonly taskId: number; readonly endedMs: number; readonly tookMs: number }[] = [];

  readonly step = (step: string, taskId: number): void => {
    const now = performance.now();
    if (step === 'processed') this.#startedMs.set(taskId, now);
    else if (step === 'database written')
      this.#taken.push({ taskId, endedMs: now, tookMs: now - this.#startedMs.get(taskId)! });
  };

  /** Of all tasks but `without`, ms, ascending. */
  between(fromMs: number, toMs: number, without: number): readonly number[] {
    return this.#taken
      .filter(({ taskId, endedMs }) => taskId !== without && endedMs >= fromMs && endedMs < toMs)
      .map(({ tookMs }) => tookMs)
      .sort((a, b) => a - b);
  }
}

const percentile = (ascending: readonly number[], share: number) =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? Number.NaN;

/** The first keys of their form that belong to a task. */
function keysOf(task: number, count: number): readonly string[] {
  const keys: string[] = [];
  for (let i = 0; keys.length < count; i++) if (partitionOf(`key-${i}`, TASKS) === task) keys.push(`key-${i}`);
  return keys;
}

describe('a task whose directory was deleted', needsServers(), () => {
  test('has the same content again, and the others go on meanwhile', { timeout: 600_000 }, async (t) => {
    const closes: (() => Promise<void>)[] = [];
    t.after(async () => {
      for (const close of closes.toReversed()) await close();
    });
    const owner = { after: (close: () => Promise<void>) => closes.push(close) };
    const kafka = await kafkaServer(owner);
    const application = await Application.create(owner, kafka, { tasks: TASKS });
    const [filled] = keysOf(0, 1) as [string];
    for (let from = 0; from < KEYS; from += 100 * KEYS_PER_EVENT) {
      const events: (readonly [string, Event])[] = [];
      for (let key = from; key < Math.min(KEYS, from + 100 * KEYS_PER_EVENT); key += KEYS_PER_EVENT)
        events.push([filled, { group: 'filled', fill: Math.min(KEYS_PER_EVENT, KEYS - key), from: key }]);
      await application.send(events);
    }
    const live = [1, 2, 3].flatMap((task) => keysOf(task, 50));
    const groups = [1, 2, 3].flatMap((task) => keysOf(task, 5));
    const times = new CommitTimes();
    const first = await Instance.start(application, { recordsPerBatch: 20, onCommitStep: times.step });
    await until('the store to be filled', () => first.board.values.get('filled') === KEYS / KEYS_PER_EVENT, {
      instances: [first],
      timeoutMs: 300_000,
    });

    /** Events for the other tasks, about 200/s, until `isOver`. */
    async function trickle(isOver: () => boolean): Promise<void> {
      while (!isOver()) {
        const at = Math.floor(Math.random() * live.length);
        const events = Array.from({ length: 10 }, (_, i): readonly [string, Event] => [
          live[(at + i) % live.length]!,
          { group: groups[(at + i) % groups.length]!, amount: 1 },
        ]);
        await application.send(events);
        await delay(50);
      }
    }

    await drained(application, [first]);
    await first.close();
    const before = await first.contentHash(0);
    assert.equal(
      before.keys,
      KEYS + [...application.expected.groups.keys()].filter((g) => partitionOf(g, TASKS) === 0).length,
    );

    // What commits take on this instance with nothing to restore.
    const second = await Instance.start(application, {
      directory: first.directory,
      board: first.board,
      recordsPerBatch: 20,
      onCommitStep: times.step,
    });
    const calmFromMs = performance.now();
    await trickle(() => performance.now() - calmFromMs > BASELINE_MS);
    const calm = times.between(calmFromMs, performance.now(), 0);
    await drained(application, [second]);
    await second.close();

    rmSync(join(first.directory, 'tasks', '0'), { recursive: true });
    const third = await Instance.start(application, {
      directory: first.directory,
      board: first.board,
      recordsPerBatch: 20,
      onCommitStep: times.step,
    });
    const busyFromMs = performance.now();
    let restoredMs: number | undefined;
    let lagSeen = 0;
    await trickle(() => {
      for (const { taskId, restoreLag } of third.engine.tasks())
        if (taskId === 0) lagSeen = Math.max(lagSeen, restoreLag);
      const restored = third.linesOf('task restored').find(({ fields }) => fields.taskId === 0);
      restoredMs = restored?.atMs;
      return restoredMs !== undefined;
    });
    const busy = times.between(busyFromMs, restoredMs!, 0);
    await drained(application, [third]);
    const [line] = third.linesOf('task restored').filter(({ fields }) => fields.taskId === 0);
    await third.close();

    const { records, bytes, seconds } = line!.fields as { records: number; bytes: number; seconds: number };
    t.diagnostic(
      `restored ${records} records, ${(bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(2)} s: ` +
        `${Math.round(records / seconds)} records/s, ${(bytes / 1e6 / seconds).toFixed(1)} MB/s`,
    );
    t.diagnostic(
      `commits of the other tasks, p50 and p99 ms: ${percentile(calm, 0.5).toFixed(1)} and ${percentile(calm, 0.99).toFixed(1)} ` +
        `(${calm.length}) with nothing to restore, ${percentile(busy, 0.5).toFixed(1)} and ${percentile(busy, 0.99).toFixed(1)} (${busy.length}) meanwhile`,
    );
    assert.deepEqual(await third.contentHash(0), before);
    assert.ok(lagSeen > 0, 'the progress could be seen');
    assert.ok(busy.length >= 3, 'the other tasks went on');
    const state = await application.state();
    assert.deepEqual(differences(state.counts, application.expected.counts), []);
    assert.deepEqual(differences(state.groups, application.expected.groups), []);
  });
});
