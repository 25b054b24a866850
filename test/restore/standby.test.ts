// The instance that runs a task is killed: another one goes on with it, and where that one has followed the changelog it reads no
// more than what it had not read yet.
// The long form: STANDBY_KEYS=1000000 node --test test/restore/standby.test.ts

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { partitionOf } from '../../engine/api/index.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { Application, differences, SESSION_TIMEOUT_MS } from '../support/restore-application.ts';
import { until } from '../support/restore-instance.ts';
import type { MemberLine } from '../support/restore-member.ts';
import type { Event } from '../support/restore-topology.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Keys of all tasks, about 200 bytes each. */
const KEYS = Number(process.env.STANDBY_KEYS ?? 100_000);
const TASKS = 2;
const KEYS_PER_EVENT = 500;
/** How long a takeover may last beyond the session timeout, ms. */
const GRACE_MS = 15_000;
/** Changelog records that a standby task may be behind. */
const LAG_BOUND = 2_000;

/** An instance in a process of its own, and what it has printed. */
class Member {
  readonly child: ChildProcess;
  readonly lines: MemberLine[] = [];
  #errors = '';

  constructor(application: Application, standbyReplicas: number) {
    const main = join(import.meta.dirname, '../support/restore-member.ts');
    const { name, tasks, kafka } = application;
    const parameters = [name, String(tasks), kafka.bootstrap, temporaryDirectory(), String(standbyReplicas)];
    this.child = spawn(process.execPath, [main, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.lines.push(JSON.parse(line)));
    this.child.stderr!.setEncoding('utf8').on('data', (text) => (this.#errors += text));
    application.owner.after(() => this.kill());
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  /** What it last said of its tasks. */
  get now(): Extract<MemberLine, { kind: 'tasks' }> | undefined {
    if (this.child.exitCode !== null) throw new Error(`an instance has ended:\n${this.#errors}`);
    return this.lines.findLast((line) => line.kind === 'tasks');
  }

  tasksAs(role: 'active' | 'standby'): readonly number[] {
    const tasks = this.now?.tasks ?? [];
    const isAtWork = (status: string) => role === 'standby' || status === 'RUNNING';
    return tasks.filter((task) => task.role === role && isAtWork(task.status)).map(({ taskId }) => taskId);
  }
}

interface Takeover {
  /** From the kill to the first commit of the new owner, ms. */
  readonly resumedMs: number;
  /** From the assignment to that commit, ms. */
  readonly ownedMs: number;
  /** From the kill to the first publication by the new owner, ms. */
  readonly publishedMs: number;
  /** Changelog records that the new owner had to read, after those up to `from`, which it had read before. */
  readonly records: number;
  readonly from: number;
}

describe('the instance that runs a task is killed', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;

  before(async () => {
    kafka = await kafkaServer(owner);
  });

  async function fill(application: Application): Promise<void> {
    for (let task = 0; task < TASKS; task++) {
      let name = 0;
      while (partitionOf(`filled-${name}`, TASKS) !== task) name += 1;
      const events: (readonly [string, Event])[] = [];
      for (let from = 0; from < KEYS / TASKS; from += KEYS_PER_EVENT)
        events.push([`filled-${name}`, { group: `filled-${task}`, fill: KEYS_PER_EVENT, from }]);
      await application.send(events);
    }
  }

  /** Sends 20 events every 50 ms until it is stopped. */
  function flow(application: Application): { stop(): Promise<void> } {
    const stopping = new AbortController();
    application.owner.after(async () => stopping.abort());
    const flowing = (async () => {
      for (let sent = 0; !stopping.signal.aborted; sent += 20) {
        await application.send(
          Array.from({ length: 20 }, (_, i) => [`key-${(sent + i) % 500}`, { group: `group-${i % 9}`, amount: 1 }]),
        );
        await delay(50);
      }
    })();
    return {
      async stop() {
        stopping.abort();
        await flowing;
      },
    };
  }

  async function killAndTakeOver(standbyReplicas: number): Promise<Takeover> {
    const application = await Application.create(owner, kafka, { tasks: TASKS });
    await fill(application);
    const first = new Member(application, standbyReplicas);
    await until('one instance to run all', () => first.tasksAs('active').length === TASKS, { timeoutMs: 60_000 });
    const second = new Member(application, standbyReplicas);
    const both = [first, second];
    await until('the tasks to be shared', () => both.every((member) => member.tasksAs('active').length === 1), {
      timeoutMs: 60_000,
    });
    const events = flow(application);
    const [task] = first.tasksAs('active') as [number];
    await until(
      'everything that was filled to be counted',
      async () => {
        const { end } = await application.range('changelog', task);
        return end > KEYS / TASKS;
      },
      { timeoutMs: 300_000 },
    );
    for (const member of both) assert.equal(member.tasksAs('standby').length, standbyReplicas);
    if (standbyReplicas > 0) {
      assert.deepEqual(second.tasksAs('standby'), [task]);
      await until(
        'the standby task to have followed',
        async () => {
          const { end } = await application.range('changelog', task);
          return end - (second.now!.offsets[task] ?? 0) < LAG_BOUND;
        },
        { timeoutMs: 120_000 },
      );
    }

    const killedMs = Date.now();
    await first.kill();
    const stepsOf = (step: string) =>
      second.lines.find(
        (line) => line.kind === 'step' && line.step === step && line.taskId === task && line.atMs > killedMs,
      );
    await until('the second to publish', () => stepsOf('published') !== undefined, { timeoutMs: 60_000 });
    const assigned = second.lines.find(
      (line) => line.kind === 'log' && line.event === 'group.joined' && line.atMs > killedMs,
    )!;
    await until('the second to say that it runs all', () => second.tasksAs('active').length === TASKS);
    assert.deepEqual(second.tasksAs('standby'), []);
    await events.stop();
    const stoppedMs = Date.now();
    await until(
      'the rest to be read',
      () => {
        const { now } = second;
        // Later than the longest wait of a fetch: the ends that it knows are the last ones.
        return now!.atMs > stoppedMs + 500 && now!.lag === 0;
      },
      { timeoutMs: 120_000 },
    );
    await until('the rest to be counted', async () => {
      const { groups } = await application.state();
      return differences(groups, application.expected.groups).length === 0;
    });
    const { counts } = await application.state();
    assert.deepEqual(differences(counts, application.expected.counts), []);
    for (let i = 0; i < TASKS; i++) await assertOffsetsGrow(application, i);
    const restored = second.lines.find(
      (line) =>
        line.kind === 'log' && line.event === 'task restored' && line.fields.taskId === task && line.atMs > killedMs,
    );
    await second.kill();
    const committedMs = stepsOf('log committed')!.atMs;
    return {
      resumedMs: committedMs - killedMs,
      // Lines of the log are printed a moment late.
      ownedMs: committedMs - assigned.atMs,
      publishedMs: stepsOf('published')!.atMs - killedMs,
      records: restored?.kind === 'log' ? (restored.fields.records as number) : 0,
      from: restored?.kind === 'log' ? (restored.fields.from as number) : 0,
    };
  }

  /** In the changelog's order, commit numbers and positions in the sources only grow. */
  async function assertOffsetsGrow(application: Application, task: number): Promise<void> {
    let last: { commitNumber: number; offsets: { [topic: string]: number } } = { commitNumber: 0, offsets: {} };
    for (const { key, value } of await application.changelog(task)) {
      if (!Buffer.from(key.subarray(1)).toString().startsWith('positions')) continue;
      const position = JSON.parse(Buffer.from(value!).toString()) as typeof last;
      assert.ok(position.commitNumber > last.commitNumber);
      for (const [topic, offset] of Object.entries(last.offsets)) assert.ok(position.offsets[topic]! >= offset);
      last = position;
    }
    assert.ok(last.commitNumber > 0);
  }

  function report(t: TestContext, { resumedMs, ownedMs, publishedMs, records }: Takeover): void {
    t.diagnostic(
      `${KEYS / TASKS} keys: first commit ${resumedMs} ms after the kill, ${ownedMs} ms after the assignment; ` +
        `first publication after ${publishedMs} ms; ${records} changelog records read`,
    );
  }

  test('with a standby task: the rest of the changelog is all that is read', { timeout: 600_000 }, async (t) => {
    const takeover = await killAndTakeOver(1);
    report(t, takeover);
    assert.ok(takeover.resumedMs <= SESSION_TIMEOUT_MS + GRACE_MS);
    assert.ok(takeover.records <= 2 * LAG_BOUND);
  });

  test('without one: the whole changelog is read, and the result is the same', { timeout: 600_000 }, async (t) => {
    const takeover = await killAndTakeOver(0);
    report(t, takeover);
    // A restore that is interrupted, as by a rebalance, goes on where it was.
    assert.ok(takeover.from + takeover.records >= KEYS / TASKS);
  });
});
