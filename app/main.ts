// The command line. Each command loads only what it needs; what goes wrong is told in a sentence and an exit code: 1 for a failure,
// 2 for a mistake in the call, 130 when Ctrl-C ended it before it was done.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { EngineError } from '../engine/api/index.ts';
import { type CompatibilityLevel, compatibilityLevels } from '../schemas/registry-http.ts';
import { MAX_REQUESTS_PER_SECOND, SCOPES } from '../serving/security/api-key.ts';
import { httpUrl, keyName, number, scopes, time, tuning } from './arguments.ts';
import type { EvaluateOptions } from './commands/evaluate.ts';
import type { NewKey } from './commands/keys.ts';
import type { SizeOptions } from './commands/size.ts';
import { type Config, ConfigError, readConfig, SETTINGS } from './config.ts';
import { interruption } from './interruption.ts';
import { registryPlace } from './registry.ts';

function version(): string {
  // Beside the sources in a checkout, one folder up in an installed package.
  for (const folder of [join(import.meta.dirname, '..'), join(import.meta.dirname, '..', '..')])
    try {
      return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  return 'unknown';
}

function settingsHelp(): string {
  const lines = Object.values(SETTINGS).map(
    ({ variable, fallback, range, text }) =>
      `  ${variable}${fallback === undefined ? '' : `=${String(fallback)}`}  (${range})\n      ${text}`,
  );
  return `\nSettings, from the environment:\n${lines.join('\n')}\n`;
}

const config = (): Config => readConfig(process.env);

const program = new Command('freshet')
  .description("Keeps every shopper's recommendations fresh: events in, state in RocksDB, top-N lists out.")
  .version(version())
  .showHelpAfterError('(freshet --help explains every command and setting)')
  .exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : 2);
  });
program.addHelpText('after', settingsHelp());

program
  .command('start')
  .description('run the engine with a simulated shop, the endpoint and a page to look at')
  .action(async () => {
    const { start } = await import('./commands/start.ts');
    await start(config(), interruption());
  });

program
  .command('serve')
  .description('answer from the lists that a replay has left in the data folder, or that engines keep fresh in Redis')
  .option('--redis', 'from Redis', false)
  .action(async (options: { redis: boolean }) => {
    const { serve } = await import('./commands/serve.ts');
    await serve(config(), options, interruption());
  });

program
  .command('replay')
  .description('feed a file through the engine; interrupted and started again, it goes on where it was')
  .argument(
    '<kind>',
    'what it is: online-retail (UCI Online Retail, CSV), events (JSON lines of simulate) or history (files that engines keep)',
  )
  .argument('<file>', 'plain or gzip; of history, a folder or s3://bucket/prefix')
  .addOption(
    new Option('--speed <times>', 'replay at so many times real time')
      .default(undefined, 'as fast as it goes')
      .argParser(number(1e-3, 1e9, false)),
  )
  .action(async (kind: string, file: string, options: { speed?: number }, command: Command) => {
    const { replayFile, REPLAY_KINDS } = await import('./commands/replay.ts');
    if (!REPLAY_KINDS.includes(kind))
      command.error(`error: there is no kind "${kind}": it is one of ${REPLAY_KINDS.join(', ')}`, { exitCode: 2 });
    const isDone = await replayFile(config(), { kind, file, speed: options.speed }, interruption());
    if (!isDone) process.exitCode = 130;
  });

program
  .command('simulate')
  .description('write the events of a simulated shop as JSON lines; the same seed gives the same events')
  .requiredOption('--events <count>', 'number of events, besides those that list the catalog', number(1, 1e9))
  .requiredOption('--out <file>', 'where to, - for standard output')
  .option('--seed <number>', 'any whole number', number(0, Number.MAX_SAFE_INTEGER), 1)
  .option('--events-per-second <rate>', 'mean rate in event time', number(1, 100_000), 25)
  .option('--bad <share>', 'share of deliberately bad events, 0 to 1', number(0, 1, false), 0)
  .action(async (options: { events: number; out: string; seed: number; eventsPerSecond: number; bad: number }) => {
    const { simulate } = await import('./commands/simulate.ts');
    await simulate(options, interruption());
  });

program
  .command('evaluate')
  .description('measure how good the lists are on a data set, beside baselines; see docs/evaluation.md')
  .argument('[file]', 'of every format but sessions; plain or gzip')
  .addOption(
    new Option(
      '--format <format>',
      'of the data: JSON lines of simulate, sessions, a table of clicks, UCI Online Retail',
    )
      .choices(['events', 'sessions', 'clicks', 'online-retail'])
      .default('events'),
  )
  .option('--train <file>', 'sessions: one a line, item ids separated by blanks, oldest first; plain or gzip')
  .option('--test <file>', 'sessions: prefix, tab, target; plain or gzip')
  .addOption(
    new Option('--protocol <protocol>', 'whether what is asked about is then learned')
      .choices(['train-then-test', 'test-then-train'])
      .default(undefined, 'train-then-test for sessions and clicks, else test-then-train'),
  )
  .option(
    '--span-days <days>',
    'sessions: days over which the clicks are spread evenly; 150 unless said',
    number(1, 3_650, false),
  )
  .addOption(
    new Option('--holdout <share>', 'share of the data, at its end, that is asked about')
      .default(undefined, 'sessions: the test file; clicks: 0.1; else 0.75')
      .argParser(number(0, 1, false)),
  )
  .option(
    '--limit <sessions>',
    'learn before the first question only so many sessions or invoices, the last ones; all unless said',
    number(1, 1e9),
  )
  .option('--ask-every <n>', 'ask one question in so many', number(1, 1e6), 1)
  .addOption(
    new Option(
      '--tuning <json>',
      'how lists are made: the body of a definition such as for-you; see docs/recommendations.md',
    )
      .default({}, 'the defaults')
      .argParser(tuning),
  )
  .option('--no-baselines', 'the engine alone')
  .option('--report <file>', 'write a page with charts, too')
  .option('--json', 'one JSON object in place of text', false)
  .action(async (file: string | undefined, given: Omit<EvaluateOptions, 'file'>, command: Command) => {
    const { evaluateData, evaluateOptionsFault } = await import('./commands/evaluate.ts');
    const isSplit = given.format === 'sessions' || given.format === 'clicks';
    const protocol = given.protocol ?? (isSplit ? 'train-then-test' : 'test-then-train');
    const options: EvaluateOptions = { ...given, file, protocol };
    const fault = evaluateOptionsFault(options);
    if (fault !== undefined) command.error(`error: ${fault}`, { exitCode: 2 });
    await evaluateData(options, interruption());
  });

program
  .command('topology')
  .description('print the graph of sources, processors, stores and sinks')
  .option('--mermaid', 'as a Mermaid drawing', false)
  .action(async (options: { mermaid: boolean }) => {
    const { printTopology } = await import('./commands/topology.ts');
    printTopology(config(), options);
  });

program
  .command('engine')
  .description(
    'run an instance of the production engine on Kafka, a schema registry and Redis; start as many as wanted',
  )
  .addOption(new Option('--thread <number>', 'which of several').argParser(number(0, 63)).hideHelp())
  .action(async ({ thread }: { thread?: number }) => {
    const { runEngine } = await import('./commands/engine.ts');
    await runEngine(config(), thread, interruption());
  });

program
  .command('shop')
  .description('send the events of a simulated shop to Kafka, as a producer of its own')
  .action(async () => {
    const { runShop } = await import('./commands/shop.ts');
    await runShop(config(), interruption());
  });

program
  .command('probe')
  .description('be a shopper who looks, all the time, how long an event takes until an answer has it')
  .requiredOption('--url <url>', 'of the endpoint, e.g. http://127.0.0.1:8080', httpUrl)
  .option('--kafka', 'send to Kafka, as for the production engine; else to the demo shop behind the url', false)
  .action(async (options: { url: string; kafka: boolean }) => {
    const { runProbe } = await import('./commands/probe.ts');
    await runProbe(config(), options, interruption());
  });

const topics = program.command('topics').description('the topics of the production engine');
topics
  .command('create')
  .description('create what is missing; what exists is checked and never changed')
  .action(async () => {
    const { createApplicationTopics } = await import('./commands/topics.ts');
    if (!(await createApplicationTopics(config()))) process.exitCode = 1;
  });

const schemas = program.command('schemas').description('the contracts of the events');
schemas
  .command('register')
  .description('register the contracts in the schema registry')
  .addOption(
    new Option('--compatibility <level>', 'what later versions must keep to')
      .choices(compatibilityLevels)
      .default('BACKWARD'),
  )
  .option('--json', 'one JSON array in place of text', false)
  .action(async (options: { compatibility: CompatibilityLevel; json: boolean }) => {
    const { registerSchemas } = await import('./commands/schemas.ts');
    if (!(await registerSchemas({ ...registryPlace(config()), ...options }))) process.exitCode = 1;
  });
schemas
  .command('check')
  .description("check a producer's events, without any server: JSON lines as simulate writes them")
  .argument('<file>', 'plain or gzip, - for standard input')
  .option('--json', 'one JSON object a line in place of text', false)
  .action(async (file: string, options: { json: boolean }) => {
    const { checkEvents } = await import('./commands/schemas.ts');
    if (!(await checkEvents({ file, ...options }, interruption()))) process.exitCode = 1;
  });
schemas
  .command('encode')
  .description('read one event as JSON from standard input and write its value as the bytes that go to Kafka')
  .action(async () => {
    const { encodeEvent } = await import('./commands/schemas.ts');
    await encodeEvent(registryPlace(config()), interruption());
  });

const keys = program.command('keys').description('API keys of the endpoint, in the file FRESHET_API_KEYS_FILE');
keys
  .command('create')
  .description('make a key and print it, once')
  .requiredOption('--name <text>', 'who it is for', keyName)
  .option('--scopes <names>', 'what it may read: public (items, popular, trending), visitors (everything)', scopes, [
    ...SCOPES,
  ])
  .option('--expires-days <days>', 'how long it is valid; for ever unless said', number(1, 36_500))
  .option('--requests-per-second <count>', 'a limit of its own', number(1, MAX_REQUESTS_PER_SECOND))
  .action(async (options: NewKey) => {
    const { createKey } = await import('./commands/keys.ts');
    await createKey(config(), options);
  });
keys
  .command('list')
  .description('print all keys, without what is secret')
  .option('--json', 'one JSON object a line', false)
  .action(async (options: { json: boolean }) => {
    const { listKeys } = await import('./commands/keys.ts');
    await listKeys(config(), options);
  });
keys
  .command('revoke')
  .description('make a key invalid')
  .argument('<id>', 'as list prints it')
  .action(async (id: string) => {
    const { revokeKey } = await import('./commands/keys.ts');
    if (!(await revokeKey(config(), id))) process.exitCode = 1;
  });

const settings = program.command('settings').description('which lists there are and what fills the places of a page');
const onKafka = (command: Command) =>
  command.option('--kafka', 'of the production engine; else of the data folder, while no engine runs on it', false);
onKafka(settings.command('apply').description('make what a file says stand; what it does not name stays'))
  .argument('<file>', 'JSON: {"definitions": {...}, "placements": {...}}, each by name, null to remove one')
  .action(async (file: string, options: { kafka: boolean }) => {
    const { applySettings } = await import('./commands/settings.ts');
    await applySettings(config(), { file, ...options }, interruption());
  });
onKafka(settings.command('show').description('print what is set, as a file that can be applied')).action(
  async (options: { kafka: boolean }) => {
    const { showSettings } = await import('./commands/settings.ts');
    await showSettings(config(), options, interruption());
  },
);

const versions = program
  .command('versions')
  .description('versions of the production engine that run side by side on the same events (FRESHET_VERSION)');
versions
  .command('list')
  .description('print them: which is served, what each has yet to process, the newest event in its lists')
  .option('--json', 'one JSON object a line', false)
  .action(async (options: { json: boolean }) => {
    const { listVersions } = await import('./commands/versions.ts');
    await listVersions(config(), options);
  });
versions
  .command('switch')
  .description('have the endpoint serve a version, once it is caught up; the one before is kept ready')
  .argument('<version>', 'as list prints it')
  .option('--force', 'although it is not caught up, or no instance of it runs', false)
  .action(async (version: string, options: { force: boolean }) => {
    const { switchVersion } = await import('./commands/versions.ts');
    if (!(await switchVersion(config(), version, options, interruption()))) process.exitCode = 1;
  });
versions
  .command('retire')
  .description('delete the lists, the group and the internal topics of a version that neither is served nor runs')
  .argument('<version>', 'as list prints it')
  .action(async (version: string) => {
    const { retireVersion } = await import('./commands/versions.ts');
    if (!(await retireVersion(config(), version, interruption()))) process.exitCode = 1;
  });

program
  .command('size')
  .description('how large a production installation has to be, from measured figures; prints them, too')
  .requiredOption('--visitors <count>', 'seen within 30 days, e.g. 100e6', number(1, 1e12, false))
  .requiredOption('--items <count>', 'of the catalog', number(1, 1e12, false))
  .requiredOption('--events <rate>', 'events a second at the peak', number(1, 1e9, false))
  .requiredOption('--requests <rate>', 'requests a second at the peak', number(1, 1e9, false))
  .option('--commit-interval-ms <ms>', 'FRESHET_COMMIT_INTERVAL_MS', number(1, 10_000), 250)
  .option('--retention-days <days>', 'of events in Kafka', number(1, 36_500), 7)
  .option('--price-core <usd>', 'of a core, a month', number(0, 1e6, false), 25)
  .option('--price-memory <usd>', 'of a GB of memory, a month', number(0, 1e6, false), 3.5)
  .option('--price-disk <usd>', 'of a GB of disk, a month', number(0, 1e6, false), 0.1)
  .option('--json', 'one JSON object in place of text', false)
  .action(async (options: SizeOptions) => {
    const { printSize } = await import('./commands/size.ts');
    printSize(options);
  });

const deadLetters = program.command('dead-letters').description('records that the production engine has refused');
const withFilter = (command: Command) =>
  command
    .option('--topic <name>', 'only those of a topic, e.g. clicks')
    .option('--code <code>', 'only those with a code, e.g. unknown-schema')
    .option('--since <time>', 'only those refused at this time or later, e.g. 2026-01-31T12:00:00Z', time);
withFilter(deadLetters.command('list').description('print them, oldest first in each partition'))
  .option('--values', 'with keys and values (base64), which may be personal', false)
  .option('--json', 'one JSON object a line', false)
  .action(async ({ since, ...options }) => {
    const { listDeadLetters } = await import('./commands/dead-letters.ts');
    await listDeadLetters(config(), { ...options, sinceMs: since }, interruption());
  });
withFilter(deadLetters.command('replay').description('send them to their topics again, once the cause is mended'))
  .option('--dry-run', 'only count them', false)
  .action(async ({ since, ...options }) => {
    const { replayDeadLetters } = await import('./commands/dead-letters.ts');
    await replayDeadLetters(config(), { ...options, sinceMs: since }, interruption());
  });

/** Errors that their text explains; anything else is a fault of the program and shows where it happened. */
const EXPLAINED = new Set([
  'ConfigError',
  'ReplayFileError',
  'ListenError',
  'RegistryError',
  'RedisUnavailableError',
  'KafkaUnavailableError',
  'KeyFileError',
  'AuditLogError',
  'RefusedRecordError',
  'SettingsFileError',
  'ProcessError',
]);

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOfSystem = 'path' in error && 'code' in error;
  const isExplained = EXPLAINED.has(error.name) || isOfSystem || error instanceof EngineError;
  return isExplained ? error.message : (error.stack ?? error.message);
}

// Whoever reads our output may stop reading, as `head` does: that ends us quietly. What is said beside it nobody needs to read: we go on.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

/** What is left of the event loop when a command has ended, well or not, e.g. an exporter that tries a collector again, has so long, ms. */
const LEFTOVERS_MS = 2_000;

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Error && error.name === 'AbortError') process.exitCode = 130;
  else {
    process.stderr.write(`freshet: ${explain(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}
setTimeout(() => process.exit(), LEFTOVERS_MS).unref();
