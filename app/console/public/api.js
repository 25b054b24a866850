// The page's two sides of the server: the public API, which every shop has, and the demo shop's own catalog and intake.
import { connection } from './notices.js';

/** A refusal, with the sentence of the problem document. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(10_000), ...options });
  } catch (error) {
    connection('shop', false);
    throw error;
  }
  connection('shop', true);
  if (response.ok || response.status === 304) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Refused(response.status, problem.detail ?? `The server answered ${response.status}.`);
}

const post = async (path, body) => {
  const response = await request(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
};

/** A page of products: `{ categories, products, total, page, pages }`. */
export async function catalog({ category, query, page }) {
  const search = new URLSearchParams();
  if (category) search.set('category', category);
  if (query) search.set('q', query);
  if (page > 1) search.set('page', String(page));
  return (await request(`/console/catalog?${search}`)).json();
}

export const product = async (id) => (await request(`/console/catalog/${encodeURIComponent(id)}`)).json();

/** Resolves to `{ eventId, at }` when the shop has taken the event. */
export const sendEvent = (event) => post('/shop/events', event);

export const setRate = (eventsPerSecond) => post('/shop/rate', { eventsPerSecond });

/** Reads a list; `undefined` when it is the one that `etag` names. */
export async function readList(path, etag) {
  const response = await request(path, etag === undefined ? undefined : { headers: { 'if-none-match': etag } });
  if (response.status === 304) return undefined;
  return { etag: response.headers.get('etag') ?? undefined, list: await response.json() };
}
