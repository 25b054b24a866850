// The log of the process: one JSON line per event on standard error, through pino.

import { pino } from 'pino';
import type { Logger } from '../engine/api/index.ts';
import type { Config } from './config.ts';

export function createLogger(level: Config['logLevel']): Logger {
  const log = pino(
    { name: 'freshet', level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination(2),
  );
  return {
    info: (event, fields) => log.info({ event, ...fields }),
    warn: (event, fields) => log.warn({ event, ...fields }),
    error: (event, fields) => log.error({ event, ...fields }),
  };
}
