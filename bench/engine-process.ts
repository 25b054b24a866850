// An engine instance in a process of its own: what `freshet engine` runs, with metrics that keep every value, and a voice. Its
// settings are the environment's.

import { readConfig } from '../app/config.ts';
import { createLogger } from '../app/logging.ts';
import { openProduction, type Production } from '../app/production.ts';
import { type LogFields, type Logger, systemClock } from '../engine/api/index.ts';
import type { EngineOrder, EngineReport } from './engine-instance.ts';
import { SampleMetrics } from './sample-metrics.ts';

const VIEW_MS = 50;

const EVENT_TO_LIST = 'freshet.event.latency published';
const COMMIT = 'freshet.commit.duration';
const metrics = new SampleMetrics([EVENT_TO_LIST, COMMIT]);
const inMs = (seconds: number) => seconds * 1000;
const closing = new AbortController();
const tell = (report: EngineReport) => void process.send?.(report);

/** The engine's own log, which also says how a restore went. */
function listeningLogger(logger: Logger): Logger {
  return {
    ...logger,
    info(event: string, fields?: LogFields) {
      if (event === 'task restored' && fields !== undefined)
        tell({
          kind: 'restored',
          atMs: Date.now(),
          taskId: Number(fields.taskId),
          records: Number(fields.records),
          bytes: Number(fields.bytes),
          seconds: Number(fields.seconds),
        });
      logger.info(event, fields);
    },
  };
}

function view({ engine }: Production): void {
  tell({
    kind: 'view',
    atMs: Date.now(),
    tasks: engine.tasks(),
    lag: [...engine.lag().values()].reduce((sum, one) => sum + one, 0),
    tablesLag: engine.tables?.lag() ?? 0,
    records: metrics.sums('messaging.client.consumed.messages'),
    noted: metrics.sums('freshet.users.noted'),
  });
}

process.on('disconnect', () => process.exit(1));
const config = readConfig(
  Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('FRESHET_'))),
);
const production = await openProduction({
  config,
  clock: systemClock,
  logger: listeningLogger(createLogger(config.logLevel, 'freshet-engine')),
  metrics,
  signal: closing.signal,
});
const timer = setInterval(() => view(production), VIEW_MS);
production.engine.failed.catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
process.on('message', async (order: EngineOrder) => {
  if (order === 'samples') {
    tell({
      kind: 'samples',
      eventToListMs: metrics.take(EVENT_TO_LIST).map(inMs),
      commitMs: metrics.take(COMMIT).map(inMs),
    });
    return;
  }
  clearInterval(timer);
  await production.close();
  process.exit(0);
});
