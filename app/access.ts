// Who may ask the endpoint, by the settings.

import type { Logger } from '../engine/api/index.ts';
import { type KeyRing, RateLimits, WatchedKeys } from '../serving/index.ts';
import type { Config } from './config.ts';
import { openRateCounts } from './rate-counts.ts';

/** API keys and their limits. */
export interface Access {
  readonly keys: () => KeyRing;
  readonly limits: RateLimits;
  close(): void;
}

/**
 * `undefined` where the settings name no file of keys.
 * @param isShared whether other processes answer with the same keys, over Redis.
 * @throws {KeyFileError} when the file cannot be used.
 */
export async function openAccess(
  config: Config,
  { isShared, logger }: { readonly isShared: boolean; readonly logger: Logger },
): Promise<Access | undefined> {
  if (config.apiKeysFile === undefined) return undefined;
  const watched = await WatchedKeys.open(config.apiKeysFile, config.appId, logger);
  const counts = isShared ? openRateCounts(config) : undefined;
  const limits = new RateLimits({ requestsPerSecond: config.keyRequestsPerSecond, shared: counts, logger });
  return {
    keys: () => watched.ring,
    limits,
    close() {
      watched.close();
      limits.close();
      counts?.close();
    },
  };
}
