// Owners of the same tasks who shut each other out, die in the middle of commits and lose their broker: whatever goes wrong between them
// and the log, a commit that was acknowledged is there once and whole, and one that was not is there whole or not at all. With nothing of
// the engine but its writers, so that hundreds of commits a second meet each fault. When faults come is chance.
// Longer form: FRESHET_TEST_FAULT_ROUNDS (1 unless set).

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaServer } from '../../deploy/local-stack/kafka.ts';
import { EngineError, type TaskWriter } from '../../engine/api/index.ts';
import { BrokerRequests } from '../../engine/kafka/broker-requests.ts';
import { listOpen, listRanges } from '../../engine/kafka/offset-ranges.ts';
import { retryUntil } from '../../engine/kafka/retry.ts';
import { claimTask } from '../../engine/kafka/task-writer.ts';
import { clientOptions, openReader } from '../kafka/reading.ts';
import { createTopics, kafkaBehindProxy, needsServers, suiteOwner } from '../support/kafka-server.ts';
import { bounce } from '../support/outage-rig.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';

const ROUNDS = Number(process.env.FRESHET_TEST_FAULT_ROUNDS ?? 1);
const TASKS = 6;
const OWNERS_PER_TASK = 2;
/** To each partition of the log: the changelog's and one of the output's, in requests of their own. */
const RECORDS_PER_COMMIT = 3;
const MAX_BATCH_BYTES = 50;
const CHANGELOG = 'changelog';
const OUTPUT = 'output';
const PATIENCE_MS = 60_000;
/** Between two claims of the second owner of a task, and between two commits, at most. */
const CLAIM_PAUSE_MS = 3_000;
const COMMIT_PAUSE_MS = 15;
/** A commit that its owner does not live to see, at most. */
const LAST_COMMIT = 40;
const EXPECTED: ReadonlySet<string> = new Set(['TASK_FENCED', 'COMMIT_UNCERTAIN', 'BROKER_UNAVAILABLE']);
const never = new AbortController().signal;

/** A commit's number and whose it is: what all of its records hold. */
const nameOf = (number: number, taskId: number, claim: number): string => `${number}/${taskId}/${claim}`;
const numberOf = (name: string): number => Number(name.slice(0, name.indexOf('/')));

describe('commits of owners whom everything happens to', needsServers(), () => {
  const owner = suiteOwner();
  let kafka: KafkaServer;
  let proxy: TcpProxy;

  before(async () => {
    ({ kafka, proxy } = await kafkaBehindProxy(owner));
    await createTopics(kafka.directBootstrap, [
      { topic: CHANGELOG, partitions: TASKS, config: { 'cleanup.policy': 'compact' } },
      { topic: OUTPUT, partitions: TASKS },
    ]);
  });

  function claim(taskId: number): Promise<TaskWriter> {
    return claimTask({
      client: clientOptions(proxy.address),
      applicationId: 'commits',
      taskId,
      changelogTopic: CHANGELOG,
      topics: new Map([[OUTPUT, OUTPUT]]),
      transactionTimeoutMs: 10_000,
      claimTimeoutMs: 30_000,
      maxBatchBytes: MAX_BATCH_BYTES,
      compression: 'none',
      nowMs: Date.now,
    });
  }

  /** Values of all committed records of a partition, as text. */
  async function committed(bootstrap: string, topic: string, partition: number): Promise<string[]> {
    const requests = new BrokerRequests(clientOptions(bootstrap));
    const reader = openReader(owner, bootstrap, { binaryTopics: new Set([topic]) });
    const deadlineMs = performance.now() + PATIENCE_MS;
    try {
      const [range] = await retryUntil(deadlineMs, async () => {
        await requests.connect([topic]);
        return listRanges(requests, [{ topic, partition }]);
      });
      const values: string[] = [];
      for (let offset = range!.start; offset < range!.end; ) {
        const part = reader.fetchBinary({ topic, partition }, offset, 10_000);
        values.push(...part.records.map(({ value }) => Buffer.from(value!).toString('latin1')));
        if (part.next === offset) {
          assert.ok(performance.now() < deadlineMs, `${topic}-${partition} ends at ${offset}, not ${range!.end}`);
          await reader.appended(500, never);
        }
        offset = part.next;
      }
      return values;
    } finally {
      await reader.close();
      await requests.disconnect();
    }
  }

  class Owners {
    /** Names of the commits that were acknowledged, by task. */
    readonly acknowledged = Array.from({ length: TASKS }, (): string[] => []);
    readonly failures = new Map<string, number>();
    claims = 0;
    #isEnding = false;
    readonly #all: readonly Promise<void>[];

    constructor() {
      this.#all = Array.from({ length: TASKS * OWNERS_PER_TASK }, (_, i) => this.#own(i % TASKS, i >= TASKS));
    }

    async end(): Promise<void> {
      this.#isEnding = true;
      await Promise.all(this.#all);
    }

    /** The second owner of a task takes it from the first now and then. */
    async #own(taskId: number, isSecond: boolean): Promise<void> {
      while (!this.#isEnding) {
        if (isSecond) await delay(Math.random() * CLAIM_PAUSE_MS);
        let writer: TaskWriter | undefined;
        try {
          writer = await claim(taskId);
          await this.#commit(writer, taskId, ++this.claims);
        } catch (error) {
          if (!(error instanceof EngineError) || !EXPECTED.has(error.code)) throw error;
          this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
        } finally {
          await writer?.close();
        }
      }
    }

    /** Goes on behind the last commit that is in the log, as a restored task does. */
    async #commit(writer: TaskWriter, taskId: number, claim: number): Promise<void> {
      const last = (await committed(proxy.address, CHANGELOG, taskId)).at(-1);
      let number = last === undefined ? 0 : numberOf(last);
      for (let left = Math.floor(Math.random() * LAST_COMMIT); !this.#isEnding; left--) {
        number += 1;
        const name = nameOf(number, taskId, claim);
        const partition = Math.floor(Math.random() * TASKS);
        const value = Buffer.from(name);
        const parts = Array.from({ length: RECORDS_PER_COMMIT }, (_, part) => `${number}-${part}`.padEnd(30));
        const committing = writer.commit(
          parts.map((key) => ({ key: Buffer.from(key), value })),
          parts.map((key) => ({ topic: OUTPUT, key, value, timestampMs: Date.now(), partition })),
        );
        if (left === 0) {
          // As a process that is killed: at some moment of the commit, or just behind it.
          await Promise.race([delay(Math.random() * COMMIT_PAUSE_MS), committing.catch(() => undefined)]);
          void writer.close();
        }
        await committing;
        this.acknowledged[taskId]!.push(name);
        if (left === 0) return;
        await delay(Math.random() * COMMIT_PAUSE_MS);
      }
    }

    /** Resolves after so many more acknowledged commits of every task. */
    async progress(count: number): Promise<void> {
      const before = this.acknowledged.map(({ length }) => length);
      const deadlineMs = performance.now() + PATIENCE_MS;
      while (this.acknowledged.some(({ length }, taskId) => length < before[taskId]! + count)) {
        assert.ok(performance.now() < deadlineMs, `acknowledged: ${this.acknowledged.map(({ length }) => length)}`);
        await delay(20);
      }
    }
  }

  /** What is wrong with the log. */
  async function faultsOf(acknowledged: readonly (readonly string[])[]): Promise<readonly string[]> {
    const faults: string[] = [];
    const outputs = new Map<string, number>();
    for (let partition = 0; partition < TASKS; partition++)
      for (const value of await committed(kafka.directBootstrap, OUTPUT, partition))
        outputs.set(value, (outputs.get(value) ?? 0) + 1);
    for (const [taskId, ofTask] of acknowledged.entries()) {
      const names = await committed(kafka.directBootstrap, CHANGELOG, taskId);
      for (const [i, name] of names.entries()) {
        const number = 1 + Math.floor(i / RECORDS_PER_COMMIT);
        if (numberOf(name) !== number) faults.push(`task ${taskId}: ${name} is in commit ${number} of the log`);
        if (i % RECORDS_PER_COMMIT > 0) continue;
        const times = outputs.get(name) ?? 0;
        if (times !== RECORDS_PER_COMMIT) faults.push(`of ${name} ${times} outputs are there`);
        outputs.delete(name);
      }
      const there = new Set(names);
      for (const name of ofTask)
        if (!there.has(name)) faults.push(`task ${taskId}: ${name} was acknowledged, and is lost`);
    }
    for (const output of outputs.keys()) faults.push(`${output} is an output of no commit`);
    return faults;
  }

  /** Nothing is left open when every task has been claimed once more. */
  async function settled(): Promise<readonly string[]> {
    for (let taskId = 0; taskId < TASKS; taskId++) await (await claim(taskId)).close();
    const requests = new BrokerRequests(clientOptions(kafka.directBootstrap));
    await requests.connect([CHANGELOG, OUTPUT]);
    const places = [CHANGELOG, OUTPUT].flatMap((topic) =>
      Array.from({ length: TASKS }, (_, partition) => ({ topic, partition })),
    );
    const open = await listOpen(requests, places);
    await requests.disconnect();
    return open.map(({ topic, partition }) => `${topic}-${partition}`);
  }

  async function lose(api: string, how: 'cut' | 'swallow'): Promise<void> {
    const drop = proxy.dropResponses(({ apiName }) => apiName === api, { times: 2, how });
    await drop.done;
  }

  async function stall(ms: number): Promise<void> {
    proxy.stall();
    await delay(ms);
    proxy.resume();
  }

  const FAULTS: readonly (readonly [string, () => Promise<void>])[] = [
    ['a broker that is stopped', () => bounce(kafka, { how: 'SIGTERM', downMs: 0 })],
    ['cut connections', async () => proxy.cut()],
    ['a broker that is killed', () => bounce(kafka, { how: 'SIGKILL', downMs: 0 })],
    ['lost answers of claims', () => lose('InitProducerId', 'cut')],
    ['a broker that is stopped again', () => bounce(kafka, { how: 'SIGTERM', downMs: 1_000 })],
    ['lost ends of transactions', () => lose('EndTxn', 'cut')],
    ['a silent network', () => stall(1_000)],
    ['lost looks for marks', () => lose('DescribeProducers', 'cut')],
    ['answers that never come', () => lose('Produce', 'swallow')],
    ['a network that is silent for longer than a request may take', () => stall(5_000)],
    ['a broker that is killed again', () => bounce(kafka, { how: 'SIGKILL', downMs: 2_000 })],
  ];

  test('what was acknowledged is there once and whole, and nothing stays open', async (t) => {
    const owners = new Owners();
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, happens] of FAULTS) {
        await owners.progress(10);
        await happens();
        t.diagnostic(`${name}, after ${owners.acknowledged.flat().length} commits and ${owners.claims} claims`);
      }
    await owners.progress(10);
    await owners.end();
    t.diagnostic(JSON.stringify(Object.fromEntries(owners.failures)));
    assert.deepEqual(await settled(), []);
    assert.deepEqual(await faultsOf(owners.acknowledged), []);
  });
});
