// The log of the process: one JSON line per event on standard error, through pino. Every line says which service, which instance of it and which
// part of it speaks; docs/logs.md lists the events.

import { hostname } from 'node:os';
import { pino } from 'pino';
import type { Logger } from '../engine/api/index.ts';
import type { Config } from './config.ts';

/** Whatever belongs to no part. */
const APP = 'app';

/** @param service As traces and metrics call it, e.g. `freshet-engine`. */
export function createLogger(level: Config['logLevel'], service: string): Logger {
  const instance = `${hostname()}-${process.pid}`;
  const log = pino(
    { level, base: { service, instance }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
  return {
    info: (event, fields) => log.info({ event, component: APP, ...fields }),
    warn: (event, fields) => log.warn({ event, component: APP, ...fields }),
    error: (event, fields) => log.error({ event, component: APP, ...fields }),
  };
}

/** The parts of the system that speak for themselves. */
export type Component = 'engine' | 'history' | 'kafka' | 'redis' | 'registry' | 'serving';

/** The same log, for a part. */
export function loggerOf(logger: Logger, component: Component): Logger {
  return {
    info: (event, fields) => logger.info(event, { component, ...fields }),
    warn: (event, fields) => logger.warn(event, { component, ...fields }),
    error: (event, fields) => logger.error(event, { component, ...fields }),
  };
}
