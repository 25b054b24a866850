// A typed client of the endpoint: one method per address. It validates nothing itself: the endpoint does, and says what is wrong.

import { readAnswers } from './client-stream.ts';
import type { Answer, BatchAnswer } from './contract.ts';
import type { Parameters } from './parameters.ts';
import type { ProblemDocument } from './problem.ts';

/** Query of any list; each address refuses what it does not take. */
export type ListQuery = Omit<Parameters, 'item'>;
/** One placement of a batch. */
export type BatchRequest = Omit<Parameters, 'strict'> & { readonly placement: string };
/** What all placements of a batch have in common; a request may say otherwise. */
export type BatchContext = Pick<Parameters, 'visitor' | 'session' | 'device' | 'region'>;
export type { Answer, BatchAnswer, ProblemDocument };

/**
 * The endpoint refused or failed; `problem` is what it said. Of a failure that is told in another way, as balancers do, it has the status, and the
 * type `about:blank`.
 */
export class ServingError extends Error {
  override readonly name = 'ServingError';
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(`${problem.status}: ${problem.detail}`);
    this.problem = problem;
  }
}

export interface ServingClientOptions {
  /** How long an answer may take, ms; a stream's first. @defaultValue 5000 */
  readonly timeoutMs?: number;
  /** Sent with every request, e.g. an API key. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Each method rejects with {@link ServingError} when it is refused or fails, with `TypeError` when nothing answers. */
export interface ServingClient {
  recommendations(visitorId: string, query?: ListQuery): Promise<Answer>;
  sessionRecommendations(sessionId: string, query?: ListQuery): Promise<Answer>;
  similar(itemId: string, query?: ListQuery): Promise<Answer>;
  boughtTogether(itemId: string, query?: ListQuery): Promise<Answer>;
  popular(query?: ListQuery): Promise<Answer>;
  trending(query?: ListQuery): Promise<Answer>;
  recentlyViewed(visitorId: string, query?: ListQuery): Promise<Answer>;
  buyAgain(visitorId: string, query?: ListQuery): Promise<Answer>;
  /** Several placements of one page. Answers are in the order of the requests. */
  batch(requests: readonly BatchRequest[], context?: BatchContext): Promise<BatchAnswer>;
  /** The recommendations now and whenever they change, until the signal aborts or the endpoint stops; connecting again is the caller's. */
  watchRecommendations(visitorId: string, query?: ListQuery, signal?: AbortSignal): AsyncIterable<Answer>;
}

/** @param baseUrl e.g. `http://127.0.0.1:8080`; addresses are below its path. */
export function createServingClient(baseUrl: string, options: ServingClientOptions = {}): ServingClient {
  const { timeoutMs = 5_000, headers = {} } = options;
  const base = baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`;

  function urlOf(path: string, query: ListQuery = {}): URL {
    const url = new URL(`.${path}`, base);
    for (const [name, value] of Object.entries(query)) {
      if (name === 'fields' || !Array.isArray(value)) {
        if (value !== undefined) url.searchParams.set(name, String(value));
      } else for (const one of value) url.searchParams.append(name, String(one));
    }
    return url;
  }

  async function checked(response: Response): Promise<Response> {
    if (!response.ok) throw new ServingError(problemOf(response, await response.text()));
    return response;
  }

  async function get(path: string, query?: ListQuery): Promise<Answer> {
    const response = await fetch(urlOf(path, query), { headers, signal: AbortSignal.timeout(timeoutMs) });
    return (await (await checked(response)).json()) as Answer;
  }

  async function* watch(path: string, query?: ListQuery, signal?: AbortSignal): AsyncGenerator<Answer> {
    const ending = new AbortController();
    const timeout = setTimeout(() => ending.abort(new DOMException('no answer in time', 'TimeoutError')), timeoutMs);
    const ended = signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]);
    try {
      const response = await checked(await fetch(urlOf(path, query), { headers, signal: ended }));
      clearTimeout(timeout);
      if (response.body !== null) yield* readAnswers(response.body);
    } finally {
      clearTimeout(timeout);
      ending.abort();
    }
  }

  const id = encodeURIComponent;
  return {
    recommendations: (visitorId, query) => get(`/v1/visitors/${id(visitorId)}/recommendations`, query),
    sessionRecommendations: (sessionId, query) => get(`/v1/sessions/${id(sessionId)}/recommendations`, query),
    similar: (itemId, query) => get(`/v1/items/${id(itemId)}/similar`, query),
    boughtTogether: (itemId, query) => get(`/v1/items/${id(itemId)}/bought-together`, query),
    popular: (query) => get('/v1/popular', query),
    trending: (query) => get('/v1/trending', query),
    recentlyViewed: (visitorId, query) => get(`/v1/visitors/${id(visitorId)}/recently-viewed`, query),
    buyAgain: (visitorId, query) => get(`/v1/visitors/${id(visitorId)}/buy-again`, query),
    async batch(requests, context) {
      const response = await fetch(urlOf('/v1/batch'), {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify({ ...context, requests }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return (await (await checked(response)).json()) as BatchAnswer;
    },
    watchRecommendations: (visitorId, query, signal) =>
      watch(`/v1/visitors/${id(visitorId)}/recommendations/stream`, query, signal),
  };
}

function problemOf({ status, statusText }: Response, body: string): ProblemDocument {
  let document: Partial<ProblemDocument> | null | undefined;
  try {
    document = JSON.parse(body);
  } catch {
    // A page for people.
  }
  const isProblem =
    typeof document?.type === 'string' && typeof document.status === 'number' && typeof document.detail === 'string';
  if (isProblem) return document as ProblemDocument;
  return { type: 'about:blank', title: statusText, status, detail: 'The answer is no problem document.' };
}
