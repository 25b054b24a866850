// Instances come and go while events flow: nothing is lost or counted twice, no task has two writers, none moves without need, and
// the group gets on however often it changes.
// The long form: STORM_SECONDS=600 STORM_INTERVAL_MS=10000 node --test test/restore/group-changes.test.ts

import assert from 'node:assert/strict';
import { before, describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { kafkaServer, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { Application, differences } from '../support/restore-application.ts';
import { GroupNotes } from '../support/restore-group.ts';
import { allRun, Board, drained, Instance, until } from '../support/restore-instance.ts';
import type { Event } from '../support/restore-topology.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const STORM_MS = Number(process.env.STORM_SECONDS ?? 20) * 1000;
const STORM_INTERVAL_MS = Number(process.env.STORM_INTERVAL_MS ?? 2000);
const TASKS = 5;

describe('instances come and go', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;

  before(async () => {
    kafka = await kafkaServer(owner);
  });

  /** Sends 20 events every 50 ms until it is stopped. */
  function flow(application: Application): { stop(): Promise<void> } {
    const stopping = new AbortController();
    let sent = 0;
    const flowing = (async () => {
      while (!stopping.signal.aborted) {
        const events = Array.from({ length: 20 }, (_, i): readonly [string, Event] => [
          `key-${((sent + i) * 7919) % 1000}`,
          { group: `group-${(sent + i) % 23}`, amount: 1 + (sent % 3) },
        ]);
        await application.send(events);
        sent += events.length;
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

  async function setUp() {
    const application = await Application.create(owner, kafka, { tasks: TASKS });
    const notes = new GroupNotes(TASKS);
    const board = new Board();
    const directories = new Map<string, string>();
    const start = (instanceId: string): Promise<Instance> => {
      const directory = directories.get(instanceId) ?? temporaryDirectory();
      directories.set(instanceId, directory);
      return Instance.start(application, {
        instanceId,
        directory,
        board,
        assign: notes.assign,
        prepare: (log) => notes.watch(instanceId, log),
      });
    };
    return { application, notes, board, start };
  }

  /** When all instances are closed: the log adds up to what a plain program counts, and everything before was allowed. */
  async function assertExact(t: TestContext, application: Application, notes: GroupNotes) {
    const state = await application.state();
    assert.deepEqual(differences(state.counts, application.expected.counts), []);
    assert.deepEqual(differences(state.groups, application.expected.groups), []);
    notes.assertDisjoint(TASKS);
    const owners = notes.assertOneWriter(application);
    const moves = notes.moves(TASKS);
    const sum = (kind: 'moved' | 'least') => moves.reduce((total, move) => total + move[kind], 0);
    t.diagnostic(
      `${moves.length} generations, ${owners} claims; ${sum('moved')} tasks moved, ${sum('least')} at least`,
    );
    for (const { moved, least } of moves) assert.ok(moved <= least + 1, `${moved} tasks moved where ${least} would do`);
  }

  test('one by one to three, each restarted in turn, and back to one: every event counts once', async (t) => {
    const { application, notes, start } = await setUp();
    const events = flow(application);
    let running = [await start('a')];
    const settled = () => until('every task to run once', () => allRun(application, running), { instances: running });
    await settled();
    for (const instanceId of ['b', 'c']) {
      running.push(await start(instanceId));
      await settled();
    }
    for (const instanceId of ['a', 'b', 'c']) {
      await running.find((instance) => instance.instanceId === instanceId)!.close();
      running = running.filter((instance) => instance.instanceId !== instanceId);
      running.push(await start(instanceId));
      await settled();
    }
    for (const instanceId of ['c', 'a']) {
      await running.find((instance) => instance.instanceId === instanceId)!.close();
      running = running.filter((instance) => instance.instanceId !== instanceId);
      await settled();
    }
    await events.stop();
    await drained(application, running);
    await Promise.all(running.map((instance) => instance.close()));
    await assertExact(t, application, notes);
  });

  test('a member that joins and leaves again and again: work gets on in every window, nobody is expelled', {
    timeout: STORM_MS + 120_000,
  }, async (t) => {
    const { application, notes, board, start } = await setUp();
    const events = flow(application);
    const members = [await start('a'), await start('b')];
    await until('every task to run once', () => allRun(application, members), { instances: members });
    const shown = () => [...board.values.values()].reduce((sum, value) => sum + value, 0);
    const windowMs = 2.5 * STORM_INTERVAL_MS;
    const samples: number[] = [];
    const sampler = setInterval(() => samples.push(shown()), windowMs);
    let guest: Instance | undefined;
    const guests: Instance[] = [];
    for (const end = performance.now() + STORM_MS; performance.now() < end; await delay(STORM_INTERVAL_MS)) {
      if (guest === undefined) {
        guest = await start('guest');
        guests.push(guest);
      } else {
        await guest.close();
        guest = undefined;
      }
    }
    clearInterval(sampler);
    await guest?.close();
    await events.stop();
    await until('every task to run once', () => allRun(application, members), { instances: members });
    await drained(application, members);
    await Promise.all(members.map((instance) => instance.close()));

    const progress = samples.map((value, i) => value - (samples[i - 1] ?? 0)).slice(1);
    t.diagnostic(`shown in each ${windowMs} ms: ${progress.join(' ')}`);
    assert.ok(progress.length >= 3);
    for (const more of progress) assert.ok(more > 0, 'a window without progress');
    for (const { lines } of [...members, ...guests])
      assert.equal(lines.filter(({ event }) => event === 'group.membership-lost').length, 0);
    await assertExact(t, application, notes);
  });
});
