// The rest of the catalogue, on Kafka, a registry and Redis: two engines, the endpoint, and the probe, which finds the promise kept. Their logs say of
// nobody who it was.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { CATALOGUE } from '../../app/instruments.ts';
import { type CommandProcess, startCommand } from '../support/command-process.ts';
import { needsServers, suiteOwner } from '../support/kafka-server.ts';
import { readMetrics } from '../support/metrics-page.ts';
import { createApplication, type Environment, productionStack } from '../support/production-stack.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { assertDeclared } from './held-against.ts';
import { assertLogged } from './log-lines.ts';

/** What only failures bring about. */
const FAILURES = [
  'freshet.history.missing',
  'freshet.requests.refused',
  'freshet.task.failures',
  'freshet.task.reclaims',
  'freshet.users.noted',
];
const WAIT_MS = 120_000;

describe('in production', needsServers(), () => {
  const owner = suiteOwner();
  let environment: Environment;
  const processes: CommandProcess[] = [];
  const pages: string[] = [];

  async function run(words: readonly string[], more: Environment = {}): Promise<CommandProcess> {
    const settings = { ...environment, ...more, FRESHET_METRICS_PORT: '0', FRESHET_LOG_LEVEL: 'debug' };
    const command = startCommand(owner, words, settings);
    processes.push(command);
    const [, page] = await command.until(/Metrics: (\S+)/);
    pages.push(page!);
    return command;
  }

  async function said(): Promise<Set<string>> {
    const names = new Set<string>();
    for (const page of pages) for (const name of assertDeclared(await readMetrics(page))) names.add(name);
    return names;
  }

  before(async () => {
    const stack = await productionStack(owner);
    const application = await createApplication(stack, 'measured', { FRESHET_PARTITIONS: '2' });
    environment = {
      ...application.environment,
      FRESHET_HISTORY: join(temporaryDirectory(), 'history'),
      FRESHET_HISTORY_FILE_SECONDS: '1',
      FRESHET_FRESHNESS_OBJECTIVE_MS: '20000',
    };
  });

  test('engines, endpoint and probe say together all that is declared', async (t) => {
    await run(['engine']);
    startCommand(owner, ['shop'], { ...environment, FRESHET_DEMO_EVENTS_PER_SECOND: '50' });
    const serving = await run(['serve', '--redis']);
    const [url] = await serving.until(/http:\/\/[^/\s]+/);
    await run(['probe', '--url', url!, '--kafka']);
    const expected = CATALOGUE.map(({ name }) => name).filter((name) => !FAILURES.includes(name));
    // The second one restores what it is given.
    const hasRun = async () => (await said()).has('freshet.probe.checks');
    for (const deadline = performance.now() + WAIT_MS; !(await hasRun()); await delay(500))
      assert.ok(performance.now() < deadline, 'the probe has not looked at anything');
    await run(['engine']);
    let missing = expected;
    for (const deadline = performance.now() + WAIT_MS; missing.length > 0; await delay(500)) {
      const names = await said();
      missing = expected.filter((name) => !names.has(name));
      assert.ok(performance.now() < deadline, `nobody says ${missing.join(', ')}`);
    }
    const { samples } = await readMetrics(pages[2]!);
    const results = samples.filter(({ name }) => name === 'freshet_probe_checks_total');
    t.diagnostic(JSON.stringify(results.map(({ labels, value }) => [labels.freshet_probe_result, value])));
    assert.ok(results.some(({ labels, value }) => labels.freshet_probe_result === 'good' && value > 0));
  });

  test('no log line says who a visitor is, and each says who speaks', async () => {
    for (const { stop } of processes.toReversed()) assert.equal(await stop(), 0);
    assert.match(processes[0]!.logged(), /task runs/);
    for (const { logged } of processes) assertLogged(logged(), [/freshet-probe-\d/, /\bv-?\d{3,}\b/]);
  });
});
