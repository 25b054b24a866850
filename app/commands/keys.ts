// `freshet keys`: makes, shows and revokes API keys in the file that the endpoint reads.

import { existsSync } from 'node:fs';
import { type ApiKeyRecord, createApiKey, readKeyFile, type Scope, writeKeyFile } from '../../serving/index.ts';
import { openAuditLog } from '../audit-log.ts';
import { type Config, ConfigError } from '../config.ts';

const MS_PER_DAY = 86_400_000;

export interface NewKey {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Days from now; valid until it is revoked when left out. */
  readonly expiresDays?: number | undefined;
  readonly requestsPerSecond?: number | undefined;
}

export async function createKey(
  config: Config,
  { name, scopes, expiresDays, requestsPerSecond }: NewKey,
): Promise<void> {
  const path = pathOf(config);
  const nowMs = Date.now();
  const { text, record } = createApiKey(
    {
      name,
      tenant: config.appId,
      scopes: [...scopes],
      ...(expiresDays !== undefined && { expiresAt: new Date(nowMs + expiresDays * MS_PER_DAY).toISOString() }),
      ...(requestsPerSecond !== undefined && { requestsPerSecond }),
    },
    nowMs,
  );
  const log = await openAuditLog(config);
  await writeKeyFile(path, [...(await keysIn(path)), record]);
  try {
    await log.write('api-key-created', { key: record.id, name, tenant: config.appId, scopes });
  } finally {
    // It is valid by now: a disk that has just become full must not keep it from whoever made it.
    process.stdout.write(`${text}\n`);
    process.stderr.write(
      `This is the only time that the key is shown. Endpoints with FRESHET_API_KEYS_FILE=${path} take it within a second or two.\n`,
    );
  }
}

export async function listKeys(config: Config, { json }: { readonly json: boolean }): Promise<void> {
  const keys = await keysIn(pathOf(config));
  // Without hashes: nobody needs them.
  for (const { hash: _, ...key } of keys) process.stdout.write(`${json ? JSON.stringify(key) : described(key)}\n`);
  if (keys.length === 0 && !json) process.stdout.write('There are no keys.\n');
}

/** Whether there was such a key. */
export async function revokeKey(config: Config, id: string): Promise<boolean> {
  const path = pathOf(config);
  const keys = await keysIn(path);
  const revoked = keys.find((key) => key.id === id);
  if (revoked === undefined) {
    process.stderr.write(`There is no key ${id}. freshet keys list shows those that there are.\n`);
    return false;
  }
  const log = await openAuditLog(config);
  await writeKeyFile(
    path,
    keys.filter((key) => key !== revoked),
  );
  await log.write('api-key-revoked', { key: id, name: revoked.name, tenant: revoked.tenant });
  process.stdout.write(`Revoked ${id} (${revoked.name}). Endpoints refuse it within a second or two.\n`);
  return true;
}

function pathOf({ apiKeysFile }: Config): string {
  if (apiKeysFile === undefined) throw new ConfigError('FRESHET_API_KEYS_FILE has to say where the API keys are kept');
  return apiKeysFile;
}

/** A file that is not there yet has no keys. */
async function keysIn(path: string): Promise<readonly ApiKeyRecord[]> {
  return existsSync(path) ? readKeyFile(path) : [];
}

function described({ id, name, tenant, scopes, expiresAt, requestsPerSecond }: Omit<ApiKeyRecord, 'hash'>): string {
  const until = expiresAt === undefined ? 'until it is revoked' : `until ${expiresAt}`;
  const limit = requestsPerSecond === undefined ? '' : `, ${requestsPerSecond} requests a second`;
  return `${id}  ${name}: ${scopes.join(' and ')} lists of ${tenant}, ${until}${limit}`;
}
