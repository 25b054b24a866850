// The short way to lists: one look into a table, in place of Express's routers, for addresses that are written as the contract writes them.
// Every other spelling that Express takes for the same address (a slash at the end, capitals), and everything else, goes on to Express, whose
// routes answer by the same functions.
import { type ParsedUrlQuery, parse } from 'node:querystring';
import type { EdgeRequest, EdgeResponse, Handler } from './handler.ts';
import { MAX_URL_BYTES } from './http-edge.ts';

/** Answers with a list. @param id Decoded; `undefined` where the address has none. Rejects with what is to be answered in its place. */
export type ListAnswer = (
  request: EdgeRequest,
  response: EdgeResponse,
  id: string | undefined,
  query: ParsedUrlQuery,
) => Promise<void>;

export interface ListDoorOptions {
  /** By path, with `{id}` for the owner's. */
  readonly answers: ReadonlyMap<string, ListAnswer>;
  /** What a request goes through before it is answered. */
  readonly before: Handler;
  /** Answers with a problem. */
  readonly fail: (error: unknown, response: EdgeResponse) => void;
}

const NO_QUERY: ParsedUrlQuery = Object.freeze({});
const VERSION_PATH = '/v1/';
/** A fragment, and bytes that no client should send, are left to Express's parser. */
const UNUSUAL = /[#\u0080-\uffff]/;

/** `undefined` where it cannot be decoded. */
function decoded(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** Calls `next` for everything that is no list, or is asked for in another way. */
export function createListDoor({ answers, before, fail }: ListDoorOptions): Handler {
  return (request, response, next) => {
    const { method, url = '/' } = request;
    if (method !== 'GET' || url.length > MAX_URL_BYTES || !url.startsWith(VERSION_PATH) || UNUSUAL.test(url))
      return next();
    const mark = url.indexOf('?');
    const path = mark < 0 ? url : url.slice(0, mark);
    const idFrom = path.indexOf('/', VERSION_PATH.length) + 1;
    const idTo = path.lastIndexOf('/');
    let answer: ListAnswer | undefined;
    let id: string | undefined;
    if (idFrom === 0) {
      answer = answers.get(path);
    } else if (idTo > idFrom) {
      const text = path.slice(idFrom, idTo);
      id = text.includes('/') ? undefined : decoded(text);
      if (id !== undefined) answer = answers.get(`${path.slice(0, idFrom)}{id}${path.slice(idTo)}`);
    }
    if (answer === undefined) return next();
    const found = answer;
    before(request, response, (error) => {
      if (error !== undefined) return fail(error, response);
      const query = mark < 0 ? NO_QUERY : parse(url.slice(mark + 1));
      found(request, response, id, query).catch((reason: unknown) => fail(reason, response));
    });
  };
}
