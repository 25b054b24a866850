// The word which version is served, followed by every endpoint and engine. It stands in Redis; each process also keeps it in a file, for a
// start while Redis is away. An engine puts it back when Redis has lost it: without that, an emptied Redis would leave new endpoints
// with the first version.
//
// Invariant: no word is no change. What was last heard counts until another is heard.

import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../engine/api/index.ts';
import { formatServedVersions, parseServedVersions, RedisVersions, type ServedVersions } from '../lists/index.ts';
import { replaceFile } from '../serving/index.ts';
import type { Config } from './config.ts';
import { redisOptions } from './redis.ts';
import { FIRST_VERSION } from './version.ts';

/** A switch is known everywhere after so long, ms. */
const LOOK_MS = 500;

/** The key in Redis, under the application's name, whichever version asks. */
export function openServedVersions(
  config: Config,
  { mayBeAway = false }: { readonly mayBeAway?: boolean } = {},
): Promise<RedisVersions> {
  return RedisVersions.open({ ...redisOptions(config, config.appId), mayBeAway });
}

export interface FollowOptions {
  readonly config: Config;
  /** Where the word is kept. */
  readonly file: string;
  /** Whether it is put back when Redis has lost it. */
  readonly isKeeper: boolean;
  readonly logger: Logger;
  /** Called when another word is heard than the one before. */
  readonly changed?: (versions: ServedVersions) => void;
}

export interface FollowedVersions {
  /** What counts now. */
  readonly current: ServedVersions;
  close(): Promise<void>;
}

/** Follows from now on. Resolves with what counts: the word in Redis, else that of the file, else the first version. */
export async function followServedVersions(options: FollowOptions): Promise<FollowedVersions> {
  const { config, file, logger } = options;
  const key = await openServedVersions(config, { mayBeAway: true });
  const closing = new AbortController();
  let heard = await remembered(file, logger);
  let isFailing = false;

  /** Whether another word was heard than before. */
  async function look(): Promise<boolean> {
    try {
      const word = await key.read();
      isFailing = false;
      if (word === undefined) {
        if (options.isKeeper && heard !== undefined && (await key.restore(heard)))
          logger.warn('served-version-restored', { active: heard.active });
        return false;
      }
      if (heard !== undefined && formatServedVersions(word) === formatServedVersions(heard)) return false;
      heard = word;
      await remember(file, word).catch((error: Error) =>
        logger.warn('served-version-not-kept', { error: error.message }),
      );
      return true;
    } catch (error) {
      if (!isFailing) logger.warn('served-version-not-read', { error: (error as Error).message });
      isFailing = true;
      return false;
    }
  }

  async function follow(): Promise<void> {
    while (!closing.signal.aborted) {
      await delay(LOOK_MS, undefined, { signal: closing.signal }).catch(() => undefined);
      if (!closing.signal.aborted && (await look())) options.changed?.(heard!);
    }
  }

  await look();
  const following = follow();
  return {
    get current() {
      return heard ?? { active: FIRST_VERSION };
    },
    async close() {
      closing.abort();
      await following;
      key.close();
    },
  };
}

async function remembered(file: string, logger: Logger): Promise<ServedVersions | undefined> {
  try {
    return parseServedVersions(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      logger.warn('served-version-not-remembered', { error: (error as Error).message });
    return undefined;
  }
}

async function remember(path: string, versions: ServedVersions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, (file) => file.writeFile(formatServedVersions(versions)));
}
