// The servers' files: from Maven Central once, into a cache of the user. Invariant: a folder with a server's final name is whole.
// Files are collected under a temporary name beside it and moved by one rename, so a stopped download leaves nothing that is taken
// for a server, and of two processes that fetch at once the second finds the work done and drops its own.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const POM = join(import.meta.dirname, 'pom.xml');

/** Where the servers' files are. */
export interface ServerFiles {
  /** Folder of Kafka's jar files. */
  readonly kafka: string;
  /** Folder of the registry's runnable jar file and what it needs. */
  readonly registry: string;
  /** The registry's runnable jar file. */
  readonly registryJar: string;
}

/** The versions in the pom. */
export function serverVersions(): { readonly kafka: string; readonly registry: string } {
  const pom = readFileSync(POM, 'utf8');
  const versionOf = (name: string) => new RegExp(`<${name}.version>([^<]+)<`).exec(pom)![1]!;
  return { kafka: versionOf('kafka'), registry: versionOf('registry') };
}

/** The files that {@link fetchServers} makes, whether they are there or not. */
export function serverFiles(): ServerFiles {
  const versions = serverVersions();
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'freshet', 'servers');
  const registry = join(cache, `registry-${versions.registry}`);
  return {
    kafka: join(cache, `kafka-${versions.kafka}`),
    registry,
    registryJar: join(registry, `apicurio-registry-app-${versions.registry}-runner.jar`),
  };
}

/** What is not installed of what the servers need, as a sentence that says what to do; `undefined` when all is there. */
export function missingPrograms(): string | undefined {
  const files = serverFiles();
  const isFetched = existsSync(files.kafka) && existsSync(files.registry);
  const java = spawnSync('java', ['-version'], { encoding: 'utf8' });
  const major = Number(/version "(\d+)/.exec(java.stderr ?? '')?.[1] ?? 0);
  if (java.error !== undefined || java.status !== 0)
    return 'java is missing: install Java 17 or later (Debian: apt-get install openjdk-17-jre-headless)';
  if (major < 17) return `java is version ${major}: Kafka 4 needs Java 17 or later`;
  if (!isFetched && spawnSync('mvn', ['--version']).status !== 0)
    return 'mvn is missing: install Maven (Debian: apt-get install maven); it fetches Kafka and the registry';
  return undefined;
}

/**
 * Fetches what is not in the cache yet (about 200 MB, below a minute on a fast line; later calls return at once).
 * @throws Error with Maven's last words when it fails.
 */
export async function fetchServers(progress: (line: string) => void = () => {}): Promise<ServerFiles> {
  const files = serverFiles();
  const versions = serverVersions();
  await fetchOne('copy-dependencies@kafka', files.kafka, `Kafka ${versions.kafka}`, progress);
  await fetchOne('unpack@registry', files.registry, `Apicurio Registry ${versions.registry}`, progress);
  return files;
}

async function fetchOne(goal: string, folder: string, name: string, progress: (line: string) => void): Promise<void> {
  if (existsSync(folder)) return;
  progress(`fetching ${name} from Maven Central, once, into ${folder}`);
  mkdirSync(join(folder, '..'), { recursive: true });
  const temporary = mkdtempSync(`${folder}.part-`);
  try {
    await runMaven([`dependency:${goal}`, `-Dservers.directory=${temporary}`], progress);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      // Somebody else was first: their folder is as whole as ours.
      if (!existsSync(folder)) throw error;
    }
    progress(`${name} is there`);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function runMaven(parameters: readonly string[], progress: (line: string) => void): Promise<void> {
  const maven = spawn('mvn', ['--batch-mode', '--file', POM, ...parameters], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(maven, 'close');
  const last: string[] = [];
  for (const stream of [maven.stdout, maven.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      // Only what takes time to come is worth a line: `Downloaded from central: https://.../x.jar (142 MB at 18 MB/s)`.
      const large = /Downloaded from .*\/(\S+) \((\S+ MB) at/.exec(line);
      if (large !== null) progress(`  ${large[1]} (${large[2]})`);
    });
  }
  const [status] = (await exit) as [number | null];
  if (status !== 0) throw new Error(`mvn ended with ${status}:\n${last.join('\n')}`);
}
