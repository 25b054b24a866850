// Lets a request through when its API key is valid, is for what is asked, and has requests left. Everything else gets a problem document
// that says nothing of which keys there are.
import { parse } from 'node:querystring';
import type { Clock, Metrics } from '../../engine/api/index.ts';
import { addressOf, type EdgeResponse, type Handler } from '../handler.ts';
import { ProblemError } from '../problem.ts';
import type { ApiKeyRecord, KeyRing, Scope } from './api-key.ts';
import type { RateLimits, Verdict } from './rate-limits.ts';

/** Lists that are the same for everybody. What is not named here belongs to somebody. */
const PUBLIC_PATH = /^\/v1\/(items\/[^/]+\/[^/]+|popular|trending|openapi\.json)\/?$/i;
/** With one of these a public list is one visitor's. */
const PERSONAL_PARAMETERS = ['visitor', 'session'] as const;
const BEARER = /^Bearer +(\S+) *$/i;

export interface AuthorizeOptions {
  /** Asked at every request: keys change while the endpoint runs. */
  readonly keys: () => KeyRing;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** For requests below `/v1`. */
export function authorize({ keys, limits, clock, metrics }: AuthorizeOptions): Handler {
  const refused = (reason: string) => metrics.counter('freshet.requests.refused', { 'error.type': reason });
  const counters = { key: refused('key'), scope: refused('scope'), rate: refused('rate') };
  return (request, response, next) => {
    const [, text] = BEARER.exec(request.headers.authorization ?? '') ?? [];
    const key = text === undefined ? undefined : keys().find(text, clock.nowMs());
    if (key === undefined) {
      counters.key.add(1);
      response.setHeader('www-authenticate', 'Bearer realm="freshet"');
      const detail = text === undefined ? 'Send Authorization: Bearer with an API key.' : 'The API key is not valid.';
      return next(new ProblemError('unauthorized', detail));
    }
    limits.consume(key).then((verdict) => {
      setLimitHeaders(response, verdict);
      if (!verdict.isAllowed) {
        counters.rate.add(1);
        response.setHeader('retry-after', String(Math.max(1, verdict.resetSeconds)));
        return next(new ProblemError('rate-limited', `This API key has ${verdict.limit} requests in 10 seconds.`));
      }
      const missing = missingScope(key, addressOf(request));
      if (missing !== undefined) {
        counters.scope.add(1);
        return next(new ProblemError('forbidden', `This API key does not have the scope "${missing}".`));
      }
      next();
    }, next);
  };
}

/** As draft-ietf-httpapi-ratelimit-headers-06 writes them, which is what clients read today. */
function setLimitHeaders(response: EdgeResponse, { limit, remaining, resetSeconds }: Verdict): void {
  response.setHeader('ratelimit-limit', String(limit));
  response.setHeader('ratelimit-remaining', String(remaining));
  response.setHeader('ratelimit-reset', String(resetSeconds));
}

function missingScope(key: ApiKeyRecord, address: string): Scope | undefined {
  if (key.scopes.includes('visitors')) return undefined;
  const mark = address.indexOf('?');
  if (!PUBLIC_PATH.test(mark < 0 ? address : address.slice(0, mark))) return 'visitors';
  const given = mark < 0 ? {} : parse(address.slice(mark + 1));
  return PERSONAL_PARAMETERS.some((name) => Object.hasOwn(given, name)) ? 'visitors' : undefined;
}
