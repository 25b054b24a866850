// Handlers that need nothing of Express, so that both doors of the endpoint can call them: the one for lists (list-door.ts) and Express.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Span } from '../engine/api/index.ts';

/** What handlers tell each other of a request. Express leaves `locals` that it finds as they are. */
export interface Locals {
  requestId?: string;
  /** The route's path with names in braces for its parameters, for metrics and traces: an address may hold a visitor's id. */
  route?: string;
  /** When it came, by `performance.now`. */
  startMs?: number;
  span?: Span;
}

/** Express cuts off the front of `url` below a mounted handler; `originalUrl` is what was asked for. */
export type EdgeRequest = IncomingMessage & { readonly originalUrl?: string };
export type EdgeResponse = ServerResponse & { locals: Locals };

/** As Express calls one. */
export type Handler = (request: EdgeRequest, response: EdgeResponse, next: (error?: unknown) => void) => void;

/** Path and query as they were asked for. */
export function addressOf({ originalUrl, url = '/' }: EdgeRequest): string {
  return originalUrl ?? url;
}

/** Handlers one after the other, as one: Express's router takes about a microsecond for each that it calls itself. */
export function chain(handlers: readonly Handler[]): Handler {
  return (request, response, next) => {
    let called = 0;
    const step = (error?: unknown): void => {
      const handler = handlers[called++];
      if (error !== undefined) next(error);
      else if (handler === undefined) next();
      else handler(request, response, step);
    };
    step();
  };
}
