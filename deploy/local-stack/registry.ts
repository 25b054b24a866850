// One schema registry (Apicurio) with the API of Confluent's, on loopback. Its storage is H2, an SQL database inside the process:
// in memory for tests, in a file where schemas must keep their ids as long as the topics that name them.
// Source: Apicurio Registry 2.6 documentation, "Configuring Apicurio Registry".

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { classArchive } from './class-archive.ts';
import { freePort } from './ports.ts';
import { createServer, type Server } from './server-process.ts';
import { fetchServers } from './servers.ts';

export interface RegistryOptions {
  /** Holds the log, and the schemas when `isDurable`; made when missing. */
  readonly directory: string;
  /** @defaultValue a free port */
  readonly port?: number;
  /** Whether schemas and their ids outlive the process. @defaultValue false */
  readonly isDurable?: boolean;
  /** Largest heap of the JVM in megabytes. @defaultValue 256 */
  readonly heapMegabytes?: number;
  readonly progress?: (line: string) => void;
}

export interface RegistryServer extends Server {
  /** Base URL for a client of Confluent's API: `http://127.0.0.1:port/apis/ccompat/v7`. */
  readonly url: string;
}

/**
 * Starts a registry and waits until it lists its subjects.
 * @throws Error with the end of the registry's log when it ends or does not answer.
 */
export async function startRegistry(options: RegistryOptions): Promise<RegistryServer> {
  const directory = resolve(options.directory);
  const { registry: files, registryJar } = await fetchServers(options.progress);
  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}/apis/ccompat/v7`;
  mkdirSync(directory, { recursive: true });
  // Without DB_CLOSE_ON_EXIT=FALSE the database closes itself at SIGTERM while the registry still writes.
  const database = options.isDurable ? `file:${join(directory, 'schemas')};DB_CLOSE_ON_EXIT=FALSE` : 'mem:registry_db';
  const archive = classArchive(files);
  const server = createServer({
    name: 'the schema registry',
    command: 'java',
    parameters: [
      `-Xmx${options.heapMegabytes ?? 256}m`,
      ...archive.parameters,
      '-Dquarkus.http.host=127.0.0.1',
      `-Dquarkus.http.port=${port}`,
      '-Dquarkus.log.level=WARN',
      '-Dquarkus.log.console.color=false',
      '-jar',
      registryJar,
    ],
    environment: { REGISTRY_DATASOURCE_URL: `jdbc:h2:${database}` },
    logPath: join(directory, 'registry.log'),
    isReady: async () => (await fetch(`${url}/subjects`, { signal: AbortSignal.timeout(5_000) })).ok,
  });
  const registry = Object.assign(server, { url });
  await registry.start();
  archive.watch(registry);
  return registry;
}
