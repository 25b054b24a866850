// A certificate authority of a test's own, and certificates by it, made by openssl.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { missing } from './requires.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Paths of PEM files, and the authority's text. */
export interface Certificates {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly ca: string;
}

/** Options for tests that need certificates. */
export function needsOpenssl(): { skip?: string } {
  return spawnSync('openssl', ['version']).status === 0 ? {} : missing('openssl is missing: apt-get install openssl');
}

/** For a server on `name`, e.g. `IP:127.0.0.1` or `DNS:redis.test`, valid for a day. */
export function makeCertificates(name: string): Certificates {
  const directory = temporaryDirectory();
  const path = (file: string): string => join(directory, file);
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  openssl('req', '-x509', ...newKey, '-subj', '/CN=test authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  openssl('req', ...newKey, '-subj', '/CN=test server', '-keyout', 'server.key', '-out', 'server.csr');
  writeFileSync(path('names'), `subjectAltName=${name}`);
  const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', 'names'];
  openssl('x509', '-req', '-in', 'server.csr', ...signing, '-out', 'server.pem');
  return {
    caFile: path('ca.pem'),
    certificateFile: path('server.pem'),
    keyFile: path('server.key'),
    ca: readFileSync(path('ca.pem'), 'utf8'),
  };
}
