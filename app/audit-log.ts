// What administrators did: one JSON line for each action, with who and when, never with a secret. The file is only ever added to.

import { appendFile, mkdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';

/** Writes an action down, before or after which it is done. @throws what the file system throws. */
export async function audit(
  config: Config,
  action: string,
  about: Readonly<{ [name: string]: string | number | readonly string[] | undefined }>,
): Promise<void> {
  const path = config.auditLog ?? join(config.dataDir, 'audit.log');
  const line = { at: new Date().toISOString(), action, by: userInfo().username, on: hostname(), ...about };
  await mkdir(dirname(path), { recursive: true });
  await appendFile(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
}
