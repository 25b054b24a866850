// What an engine instance answers to those who watch its process: `/health/live` and `/health/ready`, as the endpoint has them.
//
// Live: the process turns. Nothing outside of it makes it less so: a broker that is away is not mended by a restart, which would lose
// what is in memory besides. Ready: the group has said which tasks run here, and all of them do. A rolling restart that waits for
// it takes down no second instance while the tasks of the first are on their way, and stops where a release cannot run its tasks.

import express, { type RequestHandler } from 'express';
import type { GroupEngine } from '../engine/runtime/index.ts';
import { createHealthRouter, type HttpServer, type Readiness, startHttpServer } from '../serving/index.ts';
import type { Config } from './config.ts';

/** What readiness is told by; `undefined` until there is an engine. */
export type WatchedEngine = Pick<GroupEngine, 'status' | 'assignments' | 'tasks'>;

/** Whether the instance does its share. The reason holds numbers of tasks and no data. */
export function engineReadiness(engine: WatchedEngine | undefined): ReturnType<Readiness> {
  if (engine === undefined) return { isReady: false, reason: 'opening' };
  if (engine.status !== 'RUNNING') return { isReady: false, reason: `the engine is ${engine.status}` };
  if (engine.assignments === 0) return { isReady: false, reason: 'the group has not assigned tasks yet' };
  const late = engine.tasks().filter(({ role, status }) => role === 'active' && status !== 'RUNNING');
  if (late.length === 0) return { isReady: true };
  return { isReady: false, reason: late.map(({ taskId, status }) => `task ${taskId} is ${status}`).join(', ') };
}

const nothingElse: RequestHandler = (_request, response) => void response.status(404).end();

/**
 * Listens on `FRESHET_HEALTH_PORT`; `undefined` where no port is set.
 * @param readiness asked at every request, and so is `isLive`
 * @throws {ListenError} when the address cannot be had.
 */
export async function startEngineHealth(
  { host, healthPort: port }: Pick<Config, 'host' | 'healthPort'>,
  readiness: Readiness,
  isLive?: () => boolean,
): Promise<HttpServer | undefined> {
  if (port === undefined) return undefined;
  const app = express();
  app.disable('x-powered-by');
  app.use('/health', createHealthRouter(readiness, isLive));
  app.use(nothingElse);
  return startHttpServer({
    handler: app,
    host,
    port,
    variables: { host: 'FRESHET_HOST', port: 'FRESHET_HEALTH_PORT' },
  });
}
