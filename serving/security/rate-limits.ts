// How many requests an API key may make: so many in each window of 10 s. Requests are counted in memory (rate-limiter-flexible); what the
// endpoint's processes have counted is brought together once a second, in the background. So no request waits for it, and between two
// exchanges all processes together may let through what each alone would.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Logger } from '../../engine/api/index.ts';
import type { ApiKeyRecord } from './api-key.ts';

/** Length of a window, s. Shorter windows would be over before other processes hear of them. */
export const WINDOW_SECONDS = 10;
const SHARE_INTERVAL_MS = 1_000;

/** Where processes bring their counts together. */
export interface SharedCounts {
  /** Adds requests to a key's count, and tells the whole count of the window and how long that still lasts. */
  add(keyId: string, requests: number): Promise<{ readonly requests: number; readonly endsInMs: number }>;
}

/** What came of a request. */
export interface Verdict {
  readonly isAllowed: boolean;
  /** Requests in a window. */
  readonly limit: number;
  readonly remaining: number;
  /** Until the window is over. */
  readonly resetSeconds: number;
}

export interface RateLimitsOptions {
  /** For keys without a limit of their own. */
  readonly requestsPerSecond: number;
  /** None where there is one process. */
  readonly shared?: SharedCounts | undefined;
  readonly logger: Logger;
}

export class RateLimits {
  readonly #options: RateLimitsOptions;
  /** One for each limit that some key has. */
  readonly #limiters = new Map<number, RateLimiterMemory>();
  /** Counted here and not yet shared. */
  readonly #unshared = new Map<string, { readonly key: ApiKeyRecord; requests: number }>();
  readonly #timer: NodeJS.Timeout | undefined;
  #isFailing = false;

  constructor(options: RateLimitsOptions) {
    this.#options = options;
    if (options.shared === undefined) return;
    this.#timer = setInterval(() => void this.#share(options.shared!), SHARE_INTERVAL_MS);
    this.#timer.unref();
  }

  /** Counts a request. */
  async consume(key: ApiKeyRecord): Promise<Verdict> {
    const limiter = this.#limiterOf(key);
    const waiting = this.#unshared.get(key.id);
    if (waiting === undefined) this.#unshared.set(key.id, { key, requests: 1 });
    else waiting.requests += 1;
    try {
      return verdict(true, limiter.points, await limiter.consume(key.id));
    } catch (result) {
      if (!(result instanceof RateLimiterRes)) throw result;
      return verdict(false, limiter.points, result);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #limiterOf({ requestsPerSecond = this.#options.requestsPerSecond }: ApiKeyRecord): RateLimiterMemory {
    let limiter = this.#limiters.get(requestsPerSecond);
    if (limiter === undefined) {
      limiter = new RateLimiterMemory({ points: requestsPerSecond * WINDOW_SECONDS, duration: WINDOW_SECONDS });
      this.#limiters.set(requestsPerSecond, limiter);
    }
    return limiter;
  }

  async #share(shared: SharedCounts): Promise<void> {
    const counted = [...this.#unshared.values()];
    this.#unshared.clear();
    try {
      for (const { key, requests } of counted) {
        const total = await shared.add(key.id, requests);
        // A window that ends just now says nothing of the next one; and what lasts for 0 s lasts for ever in RateLimiterMemory.
        if (total.endsInMs <= 0) continue;
        const since = this.#unshared.get(key.id)?.requests ?? 0;
        await this.#limiterOf(key).set(key.id, total.requests + since, total.endsInMs / 1_000);
      }
      this.#isFailing = false;
    } catch (error) {
      // Each process counts for itself until it works again.
      if (!this.#isFailing) this.#options.logger.warn('rate-limits-not-shared', { error: (error as Error).message });
      this.#isFailing = true;
    }
  }
}

function verdict(isAllowed: boolean, limit: number, { remainingPoints, msBeforeNext }: RateLimiterRes): Verdict {
  return { isAllowed, limit, remaining: Math.max(0, remainingPoints), resetSeconds: Math.ceil(msBeforeNext / 1_000) };
}
