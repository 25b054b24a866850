// `npm run stack`: Kafka, the schema registry and Redis on loopback, without Docker, until Ctrl-C.

import { parseArgs } from 'node:util';
import { STACK_PORTS, StackError, type StackPorts, startStack } from './stack.ts';

const HELP = `Starts Apache Kafka, a schema registry and Redis on 127.0.0.1 and ends them on Ctrl-C.

  npm run stack -- [options]

  --directory PATH      where the servers keep their data (default .freshet/stack)
  --fresh               removes the data of earlier runs first
  --kafka-port N        default ${STACK_PORTS.kafka}
  --registry-port N     default ${STACK_PORTS.registry}
  --redis-port N        default ${STACK_PORTS.redis}
  --help                this text

It needs Java 17, Maven (for the first start, which fetches about 200 MB) and redis-server.`;

const say = (line: string) => console.log(line);

/** @throws StackError for an option that is none. */
function readOptions() {
  try {
    return parseArgs({
      options: {
        directory: { type: 'string', default: '.freshet/stack' },
        fresh: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        'kafka-port': { type: 'string', default: String(STACK_PORTS.kafka) },
        'registry-port': { type: 'string', default: String(STACK_PORTS.registry) },
        'redis-port': { type: 'string', default: String(STACK_PORTS.redis) },
      },
    }).values;
  } catch (error) {
    throw new StackError(`${(error as Error).message}\n\n${HELP}`);
  }
}

function readPorts(options: ReturnType<typeof readOptions>): StackPorts {
  const port = (name: 'kafka' | 'registry' | 'redis') => {
    const text = options[`${name}-port`];
    const number = Number(text);
    if (!Number.isInteger(number) || number < 1 || number > 65_535)
      throw new StackError(`--${name}-port is ${text}: a port is a whole number from 1 to 65535`);
    return number;
  };
  return { kafka: port('kafka'), registry: port('registry'), redis: port('redis') };
}

/** The servers run in processes that do not keep this one alive. */
function untilInterrupted(): Promise<void> {
  const alive = setInterval(() => {}, 60_000);
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      clearInterval(alive);
      resolve();
    });
  return promise;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return say(HELP);
  const ports = readPorts(options);
  const interrupted = untilInterrupted();
  const starting = startStack({ directory: options.directory, ports, isFresh: options.fresh, progress: say });
  const stack = await Promise.race([starting, interrupted]);
  // Interrupted while starting: the servers end with this process.
  if (stack === undefined) return;
  say(`\nThe local stack is up; its data is in ${options.directory}. For the engine and the endpoint:\n`);
  for (const [name, value] of Object.entries(stack.environment)) say(`export ${name}=${value}`);
  say('\nCtrl-C ends it.');
  try {
    await Promise.race([interrupted, stack.failure()]);
    say('ending');
  } finally {
    await stack.stop();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof StackError ? error.message : error);
  process.exitCode = 1;
}
process.exit();
