// A small typed client of the endpoint, for tools and tests.
import type { ProblemDocument } from './problem.ts';
import type { Answer } from './recommender.ts';

/** Query of any list; each endpoint refuses what it does not take. */
export interface ListQuery {
  readonly n?: number;
  readonly session?: string;
  readonly category?: string;
  readonly device?: string;
  readonly region?: string;
  /** Card fields to be put beside each item. */
  readonly fields?: readonly string[];
}

/** The endpoint refused or failed; `problem` is what it said. */
export class ServingError extends Error {
  override readonly name = 'ServingError';
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(`${problem.status}: ${problem.detail}`);
    this.problem = problem;
  }
}

/** One method per endpoint. Each rejects with {@link ServingError} on a problem document, with `TypeError` when nothing answers. */
export interface ServingClient {
  recommendations(visitorId: string, query?: ListQuery): Promise<Answer>;
  similar(itemId: string, query?: ListQuery): Promise<Answer>;
  boughtTogether(itemId: string, query?: ListQuery): Promise<Answer>;
  popular(query?: ListQuery): Promise<Answer>;
  trending(query?: ListQuery): Promise<Answer>;
}

/** @param baseUrl e.g. `http://127.0.0.1:8080` */
export function createServingClient(baseUrl: string, timeoutMs = 5_000): ServingClient {
  const get = async (path: string, query: ListQuery = {}): Promise<Answer> => {
    const url = new URL(path, baseUrl);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, Array.isArray(value) ? value.join(',') : String(value));
    }
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok) throw new ServingError((await response.json()) as ProblemDocument);
    return (await response.json()) as Answer;
  };
  const id = encodeURIComponent;
  return {
    recommendations: (visitorId, query) => get(`/v1/visitors/${id(visitorId)}/recommendations`, query),
    similar: (itemId, query) => get(`/v1/items/${id(itemId)}/similar`, query),
    boughtTogether: (itemId, query) => get(`/v1/items/${id(itemId)}/bought-together`, query),
    popular: (query) => get('/v1/popular', query),
    trending: (query) => get('/v1/trending', query),
  };
}
