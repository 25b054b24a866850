// The HTTP server's life: STOPPED -> LISTENING -> STOPPING -> STOPPED. Stopping takes no new connection, lets requests in flight end
// and cuts what is left at the deadline. Idle keep-alive connections are closed at once, so a stop takes as long as the slowest
// request and no longer.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where a server listens and how long it waits. Times in ms. */
export interface HttpServerOptions {
  readonly handler: RequestListener;
  readonly host: string;
  /** 0 lets the system choose; `url` says which it was. */
  readonly port: number;
  /** How long `stop` waits for requests in flight. */
  readonly stopTimeoutMs?: number;
  /** The settings that `host` and `port` come from, for whoever reads why they cannot be had. @defaultValue those of the endpoint */
  readonly variables?: { readonly host: string; readonly port: string };
  /** Of several processes this one alone listens. @defaultValue they share the port */
  readonly isExclusive?: boolean;
}

/** A server that is listening. */
export interface HttpServer extends AsyncDisposable {
  /** `http://host:port`, with the port that is really used. */
  readonly url: string;
  readonly port: number;
  /** Idempotent; resolves when every connection is closed. */
  stop(): Promise<void>;
}

/** The address cannot be listened on; the text says why and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** Code of the system, e.g. `EADDRINUSE`. */
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** A slow reader of headers or body holds a socket no longer than this. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than a load balancer's usual 60 s, so that it is the balancer that closes first and no request meets a closing socket. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Twice the longest address; Node answers 431 by itself above it. */
const MAX_HEADER_BYTES = 16_384;
/** How often slow senders are looked for. */
const CHECK_INTERVAL_MS = 5_000;
/** A connection on which nothing moves, such as that of a reader that does not read, ends after so long. Live streams have heartbeats. */
const IDLE_TIMEOUT_MS = 75_000;
/** Further connections are refused: memory has an end. A balancer keeps some hundred open. */
const MAX_CONNECTIONS = 10_000;
const STOP_TIMEOUT_MS = 5_000;

const ENDPOINT_VARIABLES = { host: 'FRESHET_HOST', port: 'FRESHET_PORT' };

function explain(error: NodeJS.ErrnoException, { host, port, variables }: HttpServerOptions): ListenError {
  const settings = variables ?? ENDPOINT_VARIABLES;
  const code = error.code ?? 'UNKNOWN';
  const at = `${host}:${port}`;
  const texts: { readonly [code: string]: string } = {
    EADDRINUSE: `Port ${port} on ${host} is in use by another program. Stop it, or choose another port with ${settings.port}.`,
    EACCES: `This user may not listen on ${at}. Choose a port above 1023 with ${settings.port}.`,
    EADDRNOTAVAIL: `This machine has no address ${host}. Choose another with ${settings.host}.`,
    ENOTFOUND: `The host name ${host} is not known. Choose another with ${settings.host}.`,
  };
  return new ListenError(code, texts[code] ?? `Cannot listen on ${at} (${code}).`, error);
}

function listen(server: Server, options: HttpServerOptions): Promise<void> {
  const { host, port, isExclusive: exclusive = false } = options;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: NodeJS.ErrnoException): void => reject(explain(error, options));
  server.once('error', fail);
  server.listen({ host, port, exclusive }, () => {
    server.off('error', fail);
    resolve();
  });
  return promise;
}

/**
 * Starts listening.
 * @throws {ListenError} when the address cannot be had.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, stopTimeoutMs = STOP_TIMEOUT_MS } = options;
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, connectionsCheckingInterval: CHECK_INTERVAL_MS },
    options.handler,
  );
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.timeout = IDLE_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  let stopped: Promise<void> | undefined;
  // A connection whose last request ends during a stop would otherwise be kept alive for the next one, and hold the stop up.
  const ended = (): void => {
    if (stopped !== undefined) setImmediate(() => server.closeIdleConnections());
  };
  server.prependListener('request', (_request, response) => void response.on('close', ended));

  const stop = (): Promise<void> => {
    if (stopped !== undefined) return stopped;
    const { promise, resolve } = Promise.withResolvers<void>();
    stopped = promise;
    const deadline = setTimeout(() => server.closeAllConnections(), stopTimeoutMs);
    server.close(() => {
      clearTimeout(deadline);
      resolve();
    });
    server.closeIdleConnections();
    return promise;
  };
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shownHost}:${port}`, port, stop, [Symbol.asyncDispose]: stop };
}
