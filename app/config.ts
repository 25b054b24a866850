// Every setting, declared once: its variable, unit, default, range and meaning. The only reader of the environment. The page
// docs/configuration.md is generated from this table.

import { resolve } from 'node:path';

interface Setting<T> {
  readonly variable: string;
  readonly text: string;
  /** As the documentation prints it. */
  readonly fallback: T;
  readonly range: string;
  /** The value of the text, or a sentence that says what is wrong with it. */
  readonly parse: (text: string) => T | Mistake;
}

class Mistake {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

function integer(variable: string, fallback: number, min: number, max: number, text: string): Setting<number> {
  return {
    variable,
    text,
    fallback,
    range: `${min} to ${max}`,
    parse(value) {
      const number = Number(value);
      return Number.isInteger(number) && number >= min && number <= max && value.trim() !== ''
        ? number
        : new Mistake(`must be a whole number from ${min} to ${max}, not "${value}"`);
    },
  };
}

function choice<T extends string>(variable: string, fallback: T, choices: readonly T[], text: string): Setting<T> {
  return {
    variable,
    text,
    fallback,
    range: choices.join(', '),
    parse: (value) =>
      choices.find((one) => one === value) ?? new Mistake(`must be one of ${choices.join(', ')}, not "${value}"`),
  };
}

function words(variable: string, fallback: string, range: string, text: string): Setting<string> {
  return {
    variable,
    text,
    fallback,
    range,
    parse: (value) => (value.trim() === '' ? new Mistake('must not be empty') : value),
  };
}

/** All settings, by the name that the code uses. */
export const SETTINGS = {
  host: words(
    'FRESHET_HOST',
    '127.0.0.1',
    'an address or host name',
    'Address that the HTTP endpoint listens on. The default can be reached from this machine alone.',
  ),
  port: integer('FRESHET_PORT', 8080, 0, 65535, 'Port of the HTTP endpoint. 0 takes a free one, which is printed.'),
  dataDir: words(
    'FRESHET_DATA_DIR',
    '.freshet',
    'a folder',
    'Folder of the event log, the state and the lists. Made when it is missing. One process at a time uses it; the demo shop keeps to its subfolder `demo`.',
  ),
  partitions: integer(
    'FRESHET_PARTITIONS',
    4,
    1,
    256,
    'Number of partitions of every topic, which is the number of tasks. Fixed once a data folder is in use.',
  ),
  recordsPerBatch: integer(
    'FRESHET_RECORDS_PER_BATCH',
    500,
    1,
    100_000,
    'Most records that a task takes in one commit.',
  ),
  cacheMaxMb: integer(
    'FRESHET_CACHE_MAX_MB',
    256,
    16,
    65_536,
    'Memory for decoded state over all tasks and stores, MB. State beyond it is read from disk.',
  ),
  retentionHours: integer(
    'FRESHET_RETENTION_HOURS',
    168,
    1,
    87_600,
    'How long the event log keeps source records, hours.',
  ),
  eventsPerSecond: integer(
    'FRESHET_DEMO_EVENTS_PER_SECOND',
    25,
    0,
    2000,
    'Events a second that the demo shop simulates at the start; the page changes it.',
  ),
  demoSeed: integer(
    'FRESHET_DEMO_SEED',
    1,
    0,
    4_294_967_295,
    'Seed of the demo shop. The same seed gives the same catalog and the same shoppers.',
  ),
  logLevel: choice(
    'FRESHET_LOG_LEVEL',
    'warn',
    ['debug', 'info', 'warn', 'error', 'silent'],
    'Least severe log lines that are written to standard error, as JSON.',
  ),
} as const;

type SettingValue<S> = S extends Setting<infer T> ? T : never;

/** The settings' values. */
export type Config = { readonly [name in keyof typeof SETTINGS]: SettingValue<(typeof SETTINGS)[name]> };

/** Settings that cannot be used; the text names every one of them and what it takes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads all settings. Variables that begin with `FRESHET_` and are no setting are mistakes too: they are misspelt.
 * @throws {ConfigError}
 */
export function readConfig(environment: NodeJS.ProcessEnv): Config {
  const mistakes: string[] = [];
  const config: { [name: string]: unknown } = {};
  const known = new Set<string>();
  for (const [name, setting] of Object.entries<Setting<unknown>>(SETTINGS)) {
    known.add(setting.variable);
    const text = environment[setting.variable];
    const value = text === undefined ? setting.fallback : setting.parse(text);
    if (value instanceof Mistake) mistakes.push(`${setting.variable} ${value.text}`);
    config[name] = value;
  }
  for (const variable of Object.keys(environment))
    if (variable.startsWith('FRESHET_') && !known.has(variable))
      mistakes.push(`${variable} is no setting; settings are ${[...known].join(', ')}`);
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('\n'));
  return { ...(config as Config), dataDir: resolve(config.dataDir as string) };
}
