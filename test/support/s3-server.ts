// A real server of the S3 protocol for the tests of one file: Adobe's S3Mock, from Maven Central, which keeps its objects in a folder.
// It looks at no credentials. Its jar lies in the cache of the other servers (deploy/local-stack/servers.ts).

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { createServer, type Server } from '../../deploy/local-stack/server-process.ts';
import { missingPrograms, serverFiles } from '../../deploy/local-stack/servers.ts';
import type { S3Options } from '../../engine/archive/index.ts';
import type { Owner } from './kafka-server.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export { needsServers } from './kafka-server.ts';

/** The last for Java 17. */
const VERSION = '4.12.4';
export const BUCKET = 'history';

export interface S3Server extends Server {
  /** How a client reaches it. */
  readonly options: S3Options;
}

/** Starts a server with an empty bucket {@link BUCKET}, stopped when its owner ends. Takes about ten seconds: once per file. */
export async function s3Server(owner: Owner): Promise<S3Server> {
  const reason = missingPrograms();
  if (reason !== undefined) throw new Error(reason);
  const jar = await fetchJar();
  const directory = temporaryDirectory();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = createServer({
    name: 'the S3 server',
    command: 'java',
    parameters: ['-Xmx256m', '-jar', jar, '--server.port=0', `--com.adobe.testing.s3mock.http-port=${port}`],
    environment: {
      COM_ADOBE_TESTING_S3MOCK_STORE_ROOT: join(directory, 'objects'),
      COM_ADOBE_TESTING_S3MOCK_STORE_RETAIN_FILES_ON_EXIT: 'true',
      COM_ADOBE_TESTING_S3MOCK_STORE_INITIAL_BUCKETS: BUCKET,
    },
    logPath: join(directory, 's3.log'),
    isReady: async () => (await fetch(`${endpoint}/${BUCKET}?list-type=2`, { signal: AbortSignal.timeout(5_000) })).ok,
  });
  mkdirSync(join(directory, 'objects'));
  await server.start();
  owner.after(() => server.stop());
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'any', secretAccessKey: 'any' } };
  return Object.assign(server, { options });
}

/** Path of the server's jar, fetched (60 MB) when it is not in the cache; moved there by one rename, so what is there is whole. */
async function fetchJar(): Promise<string> {
  const folder = join(dirname(serverFiles().kafka), `s3mock-${VERSION}`);
  const jar = join(folder, `s3mock-${VERSION}-exec.jar`);
  if (existsSync(jar)) return jar;
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.part-`);
  try {
    await promisify(execFile)('mvn', [
      '--batch-mode',
      '--quiet',
      'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy',
      `-Dartifact=com.adobe.testing:s3mock:${VERSION}:jar:exec`,
      `-DoutputDirectory=${temporary}`,
    ]);
    try {
      renameSync(temporary, folder);
    } catch (error) {
      // Somebody else was first: their file is as whole as ours.
      if (!existsSync(jar)) throw error;
    }
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return jar;
}
