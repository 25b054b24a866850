// The command line. Each command loads only what it needs; what goes wrong is told in a sentence and an exit code: 1 for a failure,
// 2 for a mistake in the call, 130 when Ctrl-C ended it before it was done.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EngineError } from '../engine/api/index.ts';
import { type Config, ConfigError, readConfig, SETTINGS } from './config.ts';
import { interruption } from './interruption.ts';

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

function number(min: number, max: number, whole = true): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max) || (whole && !Number.isInteger(value)))
      throw new InvalidArgumentError(`It must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}.`);
    return value;
  };
}

function settingsHelp(): string {
  const lines = Object.values(SETTINGS).map(
    ({ variable, fallback, range, text }) => `  ${variable}=${String(fallback)}  (${range})\n      ${text}`,
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
  .description('answer from the lists that a replay has left in the data folder')
  .action(async () => {
    const { serve } = await import('./commands/serve.ts');
    await serve(config(), interruption());
  });

program
  .command('replay')
  .description('feed a file through the engine; interrupted and started again, it goes on where it was')
  .argument('<kind>', 'what the file is: online-retail (UCI Online Retail, CSV) or events (JSON lines of simulate)')
  .argument('<file>', 'plain or gzip')
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
  .command('topology')
  .description('print the graph of sources, processors, stores and sinks')
  .option('--mermaid', 'as a Mermaid drawing', false)
  .action(async (options: { mermaid: boolean }) => {
    const { printTopology } = await import('./commands/topology.ts');
    printTopology(config(), options);
  });

/** Errors that their text explains; anything else is a fault of the program and shows where it happened. */
const EXPLAINED = new Set(['ConfigError', 'ReplayFileError', 'ListenError']);

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isOfSystem = 'path' in error && 'code' in error;
  const isExplained = EXPLAINED.has(error.name) || isOfSystem || error instanceof EngineError;
  return isExplained ? error.message : (error.stack ?? error.message);
}

// Whoever reads our output may stop reading, as `head` does: that ends us quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof Error && error.name === 'AbortError') process.exitCode = 130;
  else {
    process.stderr.write(`freshet: ${explain(error)}\n`);
    process.exitCode = error instanceof ConfigError ? 2 : 1;
  }
}
