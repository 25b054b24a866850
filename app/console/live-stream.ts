// Server-sent events: one view of the engine a second to every open page. One timer and one JSON text for all of them; no timer at all
// while nobody looks. A page that reads too slowly is dropped (it reconnects by itself) rather than buffered for.
import type { Request, Response } from 'express';
import { ProblemError } from '../../serving/problem.ts';

/** Pages that may watch at the same time. */
export const MAX_WATCHERS = 32;
const INTERVAL_MS = 1_000;
/** Browsers wait this long before they connect again. */
const RETRY_MS = 1_000;
/** About a minute of views; a reader that far behind does not read. */
const MAX_BUFFERED_BYTES = 1_048_576;

/** Sends what `view` returns to every watcher. */
export interface LiveStream {
  /**
   * Turns a request into a watcher.
   * @throws {ProblemError} `too-many`
   */
  watch(request: Request, response: Response): void;
  readonly watchers: number;
  /** The view that the watchers saw last, or a new one when nobody watches: rates are taken over the time between two views. */
  current(): unknown;
  /** Ends every watcher. Idempotent; the stream takes no one after it. */
  close(): void;
}

/** @param view Called once an interval while somebody watches. */
export function createLiveStream(view: () => unknown): LiveStream {
  const watchers = new Set<Response>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let latest: unknown;

  const look = (): unknown => {
    latest = view();
    return latest;
  };
  const current = (): unknown => (timer === undefined ? look() : latest);

  const leave = (response: Response): void => {
    watchers.delete(response);
    if (watchers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
  const tick = (): void => {
    const text = `data: ${JSON.stringify(look())}\n\n`;
    for (const response of watchers) {
      if (response.writableLength > MAX_BUFFERED_BYTES) {
        leave(response);
        response.destroy();
      } else {
        response.write(text);
      }
    }
  };

  return {
    watch(request, response) {
      if (closed || watchers.size >= MAX_WATCHERS) {
        throw new ProblemError(
          'too-many',
          `At most ${MAX_WATCHERS} pages can watch at a time. Close one, or try later.`,
        );
      }
      response.set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
      response.flushHeaders();
      response.write(`retry: ${RETRY_MS}\ndata: ${JSON.stringify(current())}\n\n`);
      watchers.add(response);
      request.once('close', () => leave(response));
      timer ??= setInterval(tick, INTERVAL_MS);
    },
    current,
    get watchers() {
      return watchers.size;
    },
    close() {
      closed = true;
      for (const response of [...watchers]) {
        leave(response);
        response.end();
      }
    },
  };
}
