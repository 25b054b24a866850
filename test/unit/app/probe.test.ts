import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FreshnessProbe, type ProbeOptions, type ProbeView, probeVisitors } from '../../../app/probe.ts';
import { partitionOf, silentLogger, silentTracer } from '../../../engine/api/index.ts';
import { isProbeVisitor } from '../../../schemas/index.ts';
import type { Answer } from '../../../serving/index.ts';
import { CountedMetrics } from '../../support/fake-context.ts';

const answer = (includesEvent?: boolean): Answer =>
  ({ placement: 'p', rung: 'visitor', items: [{ id: 'i1' }], includesEvent }) as unknown as Answer;

interface Setup {
  readonly views: ProbeView[];
  readonly metrics: CountedMetrics;
  check(): ReturnType<FreshnessProbe['check']>;
  run(signal: AbortSignal): Promise<void>;
}

function probe(recommendations: () => Promise<Answer>, options: Partial<ProbeOptions> = {}): Setup {
  const views: ProbeView[] = [];
  const metrics = new CountedMetrics();
  const made = new FreshnessProbe({
    client: { popular: async () => answer(), recommendations },
    send: async (view) => {
      views.push(view);
      return `event-${views.length}`;
    },
    partitions: 4,
    objectiveMs: 60_000,
    intervalMs: 1,
    metrics,
    logger: silentLogger,
    tracer: silentTracer,
    ...options,
  });
  return {
    views,
    metrics,
    check: () => made.check(new AbortController().signal),
    run: (signal) => made.run(signal),
  };
}

test('every task has a visitor of the reserved prefix, the same for every probe', () => {
  for (const partitions of [1, 4, 37]) {
    const visitors = probeVisitors(partitions);
    assert.deepEqual(
      visitors.map((visitor) => partitionOf(visitor, partitions)),
      Array.from({ length: partitions }, (_, task) => task),
    );
    assert.ok(visitors.every(isProbeVisitor));
    assert.deepEqual(probeVisitors(partitions), visitors);
  }
});

test('it asks until the answer has the event, and looks on behalf of each task in turns', async () => {
  let asked = 0;
  const { check, views } = probe(async () => answer(++asked % 3 === 0));
  for (let i = 0; i < 4; i++) assert.equal(await check(), 'good');
  assert.equal(asked, 12);
  assert.deepEqual(new Set(views.map(({ visitorId }) => visitorId)), new Set(probeVisitors(4)));
});

test('what comes after the objective is late, what never comes is missing', async () => {
  let asked = 0;
  const slow = probe(async () => answer(++asked > 1), { objectiveMs: 10 });
  assert.equal(await slow.check(), 'late');
  const never = probe(async () => answer(false), { objectiveMs: 10 });
  assert.equal(await never.check(), 'missing');
});

test('an endpoint that fails and a log that takes nothing are told apart', async () => {
  const fails = async () => {
    throw new TypeError('fetch failed');
  };
  assert.equal(await probe(fails, { objectiveMs: 10 }).check(), 'no-answer');
  assert.equal(await probe(async () => answer(true), { send: fails }).check(), 'not-sent');
  const client = { popular: fails, recommendations: async () => answer(true) };
  assert.equal(await probe(async () => answer(true), { client }).check(), 'no-answer');
});

test('a shop with nothing to look at is no failure', async () => {
  const empty = { ...answer(), items: [] } as unknown as Answer;
  const client = { popular: async () => empty, recommendations: async () => answer(true) };
  const { check, views } = probe(async () => answer(true), { client });
  assert.equal(await check(), undefined);
  assert.deepEqual(views, []);
});

test('results are counted', async () => {
  const ending = new AbortController();
  let asked = 0;
  const { run, metrics } = probe(async () => {
    if (++asked === 3) setImmediate(() => ending.abort());
    return answer(true);
  });
  await run(ending.signal);
  assert.ok(metrics.count('freshet.probe.checks good') >= 2);
});
