// Runs a member and tells what happens to it.

import type { LogFields, Logger } from '../../engine/api/index.ts';
import { openMember } from './member.ts';
import type { Told } from './report.ts';
import type { Settings } from './settings.ts';
import { Stats } from './stats.ts';

const STATS_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 10;

/** Resolves with how to end it. An error that ends the engine ends the process. */
export async function runMember(settings: Settings, tell: (told: Told) => void): Promise<() => Promise<void>> {
  const stats = new Stats((atMs) => tell({ kind: 'first', atMs }));
  const member = await openMember(settings, stats, createLogger(tell), new AbortController().signal);
  member.engine.failed.catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  });
  let running = 0;
  const looking = setInterval(() => {
    const tasks = member.engine.tasks();
    const now = tasks.every(({ status }) => status === 'RUNNING') ? tasks.length : 0;
    if (now !== running) tell({ kind: 'running', tasks: now });
    running = now;
  }, LOOK_EVERY_MS);
  const telling = setInterval(() => tell({ kind: 'stats', totals: stats.totals(member.cacheBytes()) }), STATS_EVERY_MS);
  return async () => {
    clearInterval(looking);
    clearInterval(telling);
    await member.close();
  };
}

function createLogger(tell: (told: Told) => void): Logger {
  const complain = (event: string, fields: LogFields = {}) =>
    void process.stderr.write(`${event} ${JSON.stringify(fields)}\n`);
  return {
    info(event, fields = {}) {
      if (event !== 'task restored') return;
      const toMs = Date.now();
      const fromMs = Math.round(toMs - Number(fields.seconds) * 1000);
      tell({ kind: 'restored', taskId: Number(fields.taskId), records: Number(fields.records), fromMs, toMs });
    },
    warn: complain,
    error: complain,
  };
}
