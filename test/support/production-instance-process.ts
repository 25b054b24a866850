// An engine instance in a process of its own, to be killed or frozen. Its settings are the environment's; besides the `freshet engine`
// that anybody runs it tells on file descriptor 3, a line of JSON each, what it does, and takes orders on standard input. What it
// tells is written at once, so that nothing is lost with the process.

import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { readConfig } from '../../app/config.ts';
import { createLogger } from '../../app/logging.ts';
import { openProduction, type Production } from '../../app/production.ts';
import { silentMetrics, systemClock } from '../../engine/api/index.ts';
import type { CommitStep } from '../../engine/runtime/index.ts';
import type { InstanceOrder, InstanceReport } from './production-instance.ts';

const VIEW_MS = 200;
const REPORTS = 3;

const closing = new AbortController();
let production: Production | undefined;
let order: InstanceOrder | undefined;

function tell(report: InstanceReport): void {
  const bytes = Buffer.from(`${JSON.stringify(report)}\n`);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(REPORTS, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}

function reached(step: CommitStep, taskId: number): void {
  let commitNumber = 0;
  let waiting = 0;
  for (const task of production?.engine.tasks() ?? []) {
    waiting += task.waitingLists;
    if (task.taskId === taskId) commitNumber = task.commitNumber;
  }
  tell({ kind: 'step', step, taskId, commitNumber, waiting });
  if (order?.step !== step || (order.whilePublishing && waiting === 0)) return;
  order = { ...order, count: order.count - 1 };
  if (order.count > 0) return;
  const { signal } = order;
  order = undefined;
  tell({ kind: 'obeyed' });
  process.kill(process.pid, signal);
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    order = JSON.parse(line) as InstanceOrder;
  })
  // Whoever gives the orders has ended.
  .on('close', () => process.exit(1));
process.on('SIGTERM', () => closing.abort());

const config = readConfig(
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('FRESHET_'))),
);
try {
  production = await openProduction({
    config,
    clock: systemClock,
    logger: createLogger(config.logLevel, 'freshet-engine'),
    metrics: silentMetrics,
    signal: closing.signal,
    onCommitStep: reached,
  });
  const { engine } = production;
  const view = () => {
    const lag = [...engine.lag().values()].reduce((sum, one) => sum + one, 0);
    tell({ kind: 'view', tasks: engine.tasks(), lag, tablesLag: engine.tables!.lag() });
  };
  const timer = setInterval(view, VIEW_MS);
  const stopped = new Promise<void>((resolve) => {
    if (closing.signal.aborted) resolve();
    closing.signal.addEventListener('abort', () => resolve());
  });
  await Promise.race([stopped, engine.failed]);
  clearInterval(timer);
  await production.close();
  process.exit(0);
} catch (error) {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(closing.signal.aborted ? 0 : 1);
}
