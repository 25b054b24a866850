// What the figures were measured on: without it they say nothing.

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** Above this something else is running, and the figures say as much about it as about us. */
const BUSY_LOAD = 1;

/** Lines that say what the machine, the servers and the sources are. */
export async function describeMachine(): Promise<string> {
  const [cpu] = cpus();
  const load = loadavg()[0]!;
  const pom = await readFile(join(root, 'deploy', 'local-stack', 'pom.xml'), 'utf8');
  const kafka = /<kafka\.version>([^<]+)</.exec(pom)?.[1];
  const redis = /v=(\S+)/.exec(await firstLine('redis-server', ['--version']))?.[1];
  const lines = [
    `machine   ${cpu?.model}, ${cpus().length} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GB, Linux ${release()}`,
    `versions  Node ${process.versions.node}, Kafka ${kafka}, Redis ${redis}, Java ${await javaVersion()}`,
    `freshet   ${await firstLine('git', ['-C', root, 'describe', '--always', '--dirty'])}`,
    `load      ${load.toFixed(2)} at the start${load > BUSY_LOAD ? '  WARNING: the machine is busy with something else' : ''}`,
  ];
  return lines.join('\n');
}

async function firstLine(command: string, parameters: readonly string[]): Promise<string> {
  try {
    return (await run(command, parameters)).stdout.split('\n')[0]!.trim();
  } catch {
    return 'unknown';
  }
}

async function javaVersion(): Promise<string> {
  try {
    return /version "([^"]+)"/.exec((await run('java', ['-version'])).stderr)?.[1] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
