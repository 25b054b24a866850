// The page's two sides of the server: the public API, which every shop has, and the demo shop's own catalog and intake.
import { connection } from './notices.js';

/** A refusal, with the sentence of the problem document. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** The server did not answer, or the connection broke while it did: worth another try. */
export class Unreachable extends Error {}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10_000), ...options });
  } catch (error) {
    connection('shop', false);
    throw new Unreachable('no answer', { cause: error });
  }
  connection('shop', true);
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? `The server answered ${response.status}.`);
}

async function json(response) {
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable('half an answer', { cause: error });
  }
}

const get = async (path) => json(await request(path));
const post = async (path, body) =>
  json(
    await request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

/** A page of products: `{ categories, products, total, page, pages }`. */
export async function catalog({ category, query, page }) {
  const search = new URLSearchParams();
  if (category) search.set('category', category);
  if (query) search.set('q', query);
  if (page > 1) search.set('page', String(page));
  return get(`/console/catalog?${search}`);
}

export const product = (id) => get(`/console/catalog/${encodeURIComponent(id)}`);

/** Resolves to `{ eventId, at }` when the shop has taken the event. */
export const sendEvent = (event) => post('/shop/events', event);

export const setRate = (eventsPerSecond) => post('/shop/rate', { eventsPerSecond });

/** Reads a list; `undefined` when it is the one that `etag` names. */
export async function readList(path, etag) {
  const response = await request(path, etag === undefined ? undefined : { headers: { 'if-none-match': etag } });
  if (response.status === 304) return undefined;
  return { etag: response.headers.get('etag') ?? undefined, list: await json(response) };
}
