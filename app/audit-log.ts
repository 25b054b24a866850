// What administrators did: one JSON line for each action, with who and when, never with a secret. The file is only ever added to. It is opened
// before the deed: where nothing can be written down, nothing is done.

import { appendFile, mkdir } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from './config.ts';

export interface AuditLog {
  /** Writes down what was done. @throws what the file system throws. */
  write(
    action: string,
    about: Readonly<{ [name: string]: string | number | readonly string[] | undefined }>,
  ): Promise<void>;
}

/** The log cannot be added to. */
export class AuditLogError extends Error {
  override readonly name = 'AuditLogError';
}

/** Makes the file where there is none. @throws {AuditLogError} where it could not be added to. */
export async function openAuditLog(config: Config): Promise<AuditLog> {
  const path = config.auditLog ?? join(config.dataDir, 'audit.log');
  const append = (text: string) => appendFile(path, text, { mode: 0o600 });
  try {
    await mkdir(dirname(path), { recursive: true });
    await append('');
  } catch (cause) {
    throw new AuditLogError(
      `Nothing was done: the audit log ${path} cannot be written: ${(cause as Error).message}. FRESHET_AUDIT_LOG says where it is.`,
      { cause },
    );
  }
  return {
    write(action, about) {
      const line = { at: new Date().toISOString(), action, by: user(), on: hostname(), ...about };
      return append(`${JSON.stringify(line)}\n`);
    },
  };
}

/** The user's name, or the number where the system knows no name for it, as in a container that runs under any number. */
function user(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.());
  }
}
