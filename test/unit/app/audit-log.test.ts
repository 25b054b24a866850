// The audit log: who did it, also where the system has no name for who that is; and a log that cannot be written is known before the deed.

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AuditLogError, openAuditLog } from '../../../app/audit-log.ts';
import { readConfig } from '../../../app/config.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const configOf = (path: string) => readConfig({ FRESHET_AUDIT_LOG: path });

const linesOf = (path: string) =>
  readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('a log is added to, is for its owner alone, and says who', async () => {
  const path = join(temporaryDirectory(), 'logs', 'audit.log');
  for (const key of ['one', 'two']) await (await openAuditLog(configOf(path))).write('api-key-created', { key });
  assert.deepEqual(
    linesOf(path).map(({ action, by, key }) => [action, by, key]),
    ['one', 'two'].map((key) => ['api-key-created', os.userInfo().username, key]),
  );
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test('a user without a name, as in a container, is written down by number', async (t) => {
  t.mock.method(os, 'userInfo', () => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  const path = join(temporaryDirectory(), 'audit.log');
  await (await openAuditLog(configOf(path))).write('api-key-created', {});
  assert.equal(linesOf(path)[0].by, String(process.getuid?.()));
});

test('a log that cannot be written is not opened', async () => {
  const file = join(temporaryDirectory(), 'plain');
  writeFileSync(file, '');
  await assert.rejects(openAuditLog(configOf(join(file, 'audit.log'))), AuditLogError);
});
