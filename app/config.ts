// Every setting, declared once: its variable, unit, default, range and meaning. The only reader of the environment. The page
// docs/configuration.md is generated from this table.

import { resolve } from 'node:path';
import { parseSignalTable } from '../processors/profile/signal-text.ts';
import { DEFAULT_SIGNALS, type SignalTable } from '../processors/profile/signals.ts';
import { DEFAULT_LIST_SETTINGS } from '../topology/settings.ts';
import {
  addresses,
  choice,
  integer,
  Mistake,
  name,
  optional,
  optionalInteger,
  origins,
  part,
  type Setting,
  words,
} from './setting.ts';
import { FIRST_VERSION, VERSION_NAME } from './version.ts';

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
    'Most records that a task takes in one commit while it keeps up. In a backlog commits grow, up to eight times as many while one takes less than two seconds.',
  ),
  cacheMaxMb: integer(
    'FRESHET_CACHE_MAX_MB',
    256,
    16,
    65_536,
    'Memory for decoded state over all tasks and stores, MB. State beyond it is read from disk.',
  ),
  refreshListsPerSecond: integer(
    'FRESHET_REFRESH_LISTS_PER_SECOND',
    50,
    0,
    100_000,
    'Lists of each kind that a task makes anew in a second at most, because items, campaigns or neighbours in them have changed. 0 leaves lists until their owner is seen again.',
  ),
  signals: {
    variable: 'FRESHET_SIGNAL_WEIGHTS',
    text: 'What signals weigh in pairs, popularity and taste, e.g. `purchase=3/5/3, wishlist=2/2/2, returned=0.5`; docs/recommendations.md says what each means. What is not named keeps its default.',
    fallback: DEFAULT_SIGNALS,
    range: 'signal=pairs/popularity/taste, several with commas',
    parse(text) {
      const table = parseSignalTable(text);
      return typeof table === 'string' ? new Mistake(table) : table;
    },
  } satisfies Setting<SignalTable>,
  reranker: optional(
    'FRESHET_RERANKER',
    'a JavaScript module',
    "Module that makes the shop's own reranker, which scores the candidates of visitors' lists anew; examples/onnx-reranker is one.",
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
  appId: name(
    'FRESHET_APP_ID',
    'freshet',
    'Production: name of the application. Begins the names of its own topics, its group and its keys in Redis; one for each tenant.',
  ),
  version: part(
    'FRESHET_VERSION',
    FIRST_VERSION,
    VERSION_NAME,
    '1 to 20 letters and digits',
    'Production: version of the engine, which keeps to a group, internal topics, a state folder and lists of its own, so that two run side by side on the same events. Version 1 has the names that `FRESHET_APP_ID` says, any other `<application>-v<version>`. Which one the endpoint serves is said by `freshet versions switch`.',
  ),
  listLength: integer(
    'FRESHET_LIST_LENGTH',
    DEFAULT_LIST_SETTINGS.listLength,
    10,
    100,
    'Items of a stored list: two to three times what a page shows, since the endpoint drops what may not be shown. Longer lists take more of Redis. Lists that exist change when they are next made.',
  ),
  topicPrefix: optional(
    'FRESHET_TOPIC_PREFIX',
    'letters, digits, ., _ and -',
    'Production: begins the names of the topics that the shop writes, e.g. `shop-`.',
  ),
  kafkaBrokers: addresses('FRESHET_KAFKA_BROKERS', '127.0.0.1:19092', 'Production: Kafka brokers to begin with.'),
  kafkaTls: choice('FRESHET_KAFKA_TLS', 'off', ['off', 'on'], 'Production: whether brokers are spoken to over TLS.'),
  kafkaTlsCa: optional(
    'FRESHET_KAFKA_TLS_CA',
    'a PEM file',
    "Production: authority that signed the brokers' certificates, where Node does not know it.",
  ),
  kafkaTlsCertificate: optional('FRESHET_KAFKA_TLS_CERTIFICATE', 'a PEM file', 'Production: our own certificate.'),
  kafkaTlsKey: optional('FRESHET_KAFKA_TLS_KEY', 'a PEM file', 'Production: the key of our own certificate.'),
  kafkaSasl: choice(
    'FRESHET_KAFKA_SASL',
    'none',
    ['none', 'plain', 'scram-sha-256', 'scram-sha-512'],
    'Production: how we prove to the brokers who we are.',
  ),
  kafkaUsername: optional('FRESHET_KAFKA_USERNAME', 'a text', 'Production: user at the brokers.'),
  kafkaPassword: optional('FRESHET_KAFKA_PASSWORD', 'a text', 'Production: password at the brokers.'),
  kafkaCompression: choice(
    'FRESHET_KAFKA_COMPRESSION',
    'none',
    ['none', 'gzip', 'zstd'],
    "Production: how what the engine writes is compressed. State is mostly sums and hashes: `zstd` takes 30 % off and some 5 % of the engine's time.",
  ),
  kafkaReplication: integer(
    'FRESHET_KAFKA_REPLICATION',
    0,
    0,
    10,
    "Production: copies of each partition of the topics that `topics create` makes. 0 leaves it to the brokers' default.",
  ),
  sessionTimeoutMs: integer(
    'FRESHET_SESSION_TIMEOUT_MS',
    10_000,
    6_000,
    300_000,
    'Production: an instance that is silent for so long loses its tasks to others, ms.',
  ),
  commitIntervalMs: integer(
    'FRESHET_COMMIT_INTERVAL_MS',
    50,
    0,
    10_000,
    "Production: least time from a task's commit to its next, ms. Longer costs freshness and saves work.",
  ),
  standbyReplicas: integer(
    'FRESHET_STANDBY_REPLICAS',
    0,
    0,
    10,
    "Production: other instances that keep a copy of each task's state, so that one of them takes over at once.",
  ),
  threads: integer(
    'FRESHET_THREADS',
    1,
    0,
    64,
    'Production: processes of an engine instance, among which its tasks are spread. Each is a member of the group with state, connections and a share of `FRESHET_CACHE_MAX_MB` of its own. 0 takes as many as there are cores.',
  ),
  maxWaitingLists: integer(
    'FRESHET_MAX_WAITING_LISTS',
    5_000,
    100,
    20_000,
    'Production: lists of a task that may wait for Redis before the task pauses.',
  ),
  registryUrl: words(
    'FRESHET_REGISTRY_URL',
    'http://127.0.0.1:18081/apis/ccompat/v7',
    'a URL',
    "Production: schema registry, with Confluent's interface.",
  ),
  registryUsername: optional('FRESHET_REGISTRY_USERNAME', 'a text', 'Production: user at the registry.'),
  registryPassword: optional('FRESHET_REGISTRY_PASSWORD', 'a text', 'Production: password at the registry.'),
  redisUrl: words(
    'FRESHET_REDIS_URL',
    'redis://127.0.0.1:16379',
    'redis:// or rediss://',
    'Production: Redis, with user, password and database where it has them. `rediss://` is TLS.',
  ),
  redisMode: choice(
    'FRESHET_REDIS_MODE',
    'single',
    ['single', 'sentinel', 'cluster'],
    'Production: one server, a master that sentinels name, or a cluster.',
  ),
  redisNodes: optional(
    'FRESHET_REDIS_NODES',
    'host:port, several with commas',
    'Production: further sentinels, or nodes of the cluster, besides that of `FRESHET_REDIS_URL`.',
  ),
  redisMaster: name('FRESHET_REDIS_MASTER', 'mymaster', "Production: the master's name at the sentinels."),
  history: optional(
    'FRESHET_HISTORY',
    'a folder or s3://bucket/prefix',
    'Production: where source events are kept as files once they are committed, for `replay history`. Nowhere when it is left out.',
  ),
  historyS3Endpoint: optional(
    'FRESHET_HISTORY_S3_ENDPOINT',
    'a URL',
    "Server that speaks S3's protocol, when it is not Amazon's. Credentials are found where every AWS client looks for them.",
  ),
  historyS3Region: optional('FRESHET_HISTORY_S3_REGION', 'a region', 'Region of the bucket.'),
  historyFileSeconds: integer(
    'FRESHET_HISTORY_FILE_SECONDS',
    60,
    1,
    86_400,
    'Production: a history file is ended when it is so old, seconds: the most that history lags behind.',
  ),
  tracing: choice(
    'FRESHET_TRACING',
    'off',
    ['off', 'on'],
    "Whether what happens to records that a producer has sampled is traced with OpenTelemetry. Where spans go is said by OpenTelemetry's own variables, e.g. `OTEL_EXPORTER_OTLP_ENDPOINT`.",
  ),
  metricsPort: optionalInteger(
    'FRESHET_METRICS_PORT',
    0,
    65535,
    "Port on which Prometheus reads this process's metrics, at `/metrics`. 0 takes a free one, which is printed. Not served when it is left out.",
  ),
  metricsHost: words(
    'FRESHET_METRICS_HOST',
    '127.0.0.1',
    'an address or host name',
    'Address that metrics are served on. The default can be reached from this machine alone.',
  ),
  freshnessObjectiveMs: integer(
    'FRESHET_FRESHNESS_OBJECTIVE_MS',
    2_000,
    10,
    600_000,
    'Probe: how long an event may take until an answer has it, ms. What takes longer is counted as `late`, and after five times as long as `missing`.',
  ),
  probeIntervalMs: integer(
    'FRESHET_PROBE_INTERVAL_MS',
    1_000,
    100,
    3_600_000,
    'Probe: from one check to the next, ms.',
  ),
  probeApiKey: optional(
    'FRESHET_PROBE_API_KEY',
    'an API key',
    'Probe: the key with which it asks an endpoint that wants one.',
  ),
  serveReadTimeoutMs: integer(
    'FRESHET_SERVE_READ_TIMEOUT_MS',
    20,
    5,
    5_000,
    'Endpoint: how long Redis may take for an answer, ms. Later, the answer is made of what the endpoint remembers. An answer with cards may take twice as long.',
  ),
  serveCacheMb: integer(
    'FRESHET_SERVE_CACHE_MB',
    128,
    1,
    16_384,
    'Endpoint: memory for lists that were read lately, MB, which are answered with while Redis is away.',
  ),
  serveProcesses: integer(
    'FRESHET_SERVE_PROCESSES',
    1,
    0,
    256,
    'Endpoint on Redis: processes that answer on the same port. 0 takes as many as there are cores.',
  ),
  apiKeysFile: optional(
    'FRESHET_API_KEYS_FILE',
    'a JSON file',
    'Endpoint: the file of API keys, which `freshet keys` keeps. Without it anybody who reaches the endpoint may ask, so it listens on loopback only.',
  ),
  keyRequestsPerSecond: integer(
    'FRESHET_KEY_REQUESTS_PER_SECOND',
    1_000,
    1,
    1_000_000,
    'Endpoint: requests a second that an API key may make, on average over 10 s, where the key has no limit of its own.',
  ),
  corsOrigins: origins(
    'FRESHET_CORS_ORIGINS',
    'Endpoint: origins of pages that may read answers in a browser, e.g. `https://shop.example`. None when it is left out.',
  ),
  auditLog: optional(
    'FRESHET_AUDIT_LOG',
    'a file',
    'Where administrative actions are written, one JSON line each: API keys made and revoked, settings applied, versions switched and retired. `audit.log` in the data folder when it is left out.',
  ),
  redisTlsCa: optional(
    'FRESHET_REDIS_TLS_CA',
    'a PEM file',
    "Production: authority that signed Redis's certificate, where Node does not know it.",
  ),
  healthPort: optionalInteger(
    'FRESHET_HEALTH_PORT',
    0,
    65535,
    'Production: port on which an engine answers `/health/live` and `/health/ready`, at the address `FRESHET_HOST`. 0 takes a free one, which is printed. None is opened when it is left out. `freshet serve` has both addresses beside its lists.',
  ),
} as const;

/** What we do about OpenTelemetry's own variables; all others are the SDK's to read. */
export interface OtelVariables {
  /** A collector is named, and metrics are not excluded. */
  readonly sendsMetrics: boolean;
  /** `grpc`, `http/json`; anything else is `http/protobuf`. */
  readonly metricsProtocol: string | undefined;
  /** From one sending of metrics to the next, ms. */
  readonly metricIntervalMs: number;
  /** A sampler is named: then requests without a trace of their caller's may begin one. */
  readonly hasSampler: boolean;
}

export function otelVariables(environment: NodeJS.ProcessEnv = process.env): OtelVariables {
  const { OTEL_METRICS_EXPORTER, OTEL_SDK_DISABLED, OTEL_TRACES_SAMPLER, OTEL_METRIC_EXPORT_INTERVAL } = environment;
  const endpoint = environment.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? environment.OTEL_EXPORTER_OTLP_ENDPOINT ?? '';
  const isOff = OTEL_METRICS_EXPORTER === 'none' || OTEL_SDK_DISABLED === 'true';
  const intervalMs = Number(OTEL_METRIC_EXPORT_INTERVAL);
  return {
    sendsMetrics: endpoint !== '' && !isOff,
    metricsProtocol: environment.OTEL_EXPORTER_OTLP_METRICS_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL,
    metricIntervalMs: intervalMs > 0 ? intervalMs : 60_000,
    hasSampler: (OTEL_TRACES_SAMPLER ?? '') !== '',
  };
}

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
