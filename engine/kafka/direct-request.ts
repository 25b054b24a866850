// Sends a request whose bytes lie ready. kafkajs's own way copies them twice, into buffers of the next power of two that are zeroed
// first: of a commit of 1 MB, 8 MB of memory that only a full collection of garbage frees. Here the parts go to the socket as they are;
// the queue of the connection, with its limits, times and correlation ids, stays kafkajs's.

import type { Connection } from './kafkajs-internals.ts';

export interface DirectCall<T extends { readonly clientSideThrottleTime: number }> {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly apiName: string;
  /** The request behind its header, one part after the other. Not to be changed until the answer is there. */
  readonly body: readonly Buffer[];
  decode(payload: Buffer): T;
}

/** Length of the request, API key, version, correlation id, length of the client's id. */
const HEADER_BYTES = 4 + 2 + 2 + 4 + 2;

/** Resolves with the answer. @throws kafkajs's error of the connection; {Error} when `decode` throws. */
export async function sendDirect<T extends { readonly clientSideThrottleTime: number }>(
  connection: Connection,
  call: DirectCall<T>,
  timeoutMs: number,
): Promise<T> {
  const { apiKey, apiVersion, apiName } = call;
  // Does nothing where no SASL is set.
  if (!connection.isAuthenticated()) await connection.authenticate();
  connection.failIfNotConnected();
  const correlationId = connection.nextCorrelationId();
  const { payload } = await new Promise<{ readonly payload: Buffer }>((resolve, reject) => {
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse: true,
      requestTimeout: timeoutMs,
      sendRequest: () => write(connection, header(call, correlationId, connection.clientId), call.body),
    });
  });
  const answer = decoded(call, payload);
  connection.requestQueue.maybeThrottle(answer.clientSideThrottleTime);
  return answer;
}

function decoded<T extends { readonly clientSideThrottleTime: number }>(
  { apiName, decode }: DirectCall<T>,
  payload: Buffer,
): T {
  try {
    return decode(payload);
  } catch (cause) {
    throw new Error(`the answer to ${apiName} cannot be read`, { cause });
  }
}

function header(
  { apiKey, apiVersion, body }: DirectCall<{ readonly clientSideThrottleTime: number }>,
  correlationId: number,
  clientId: string,
): Buffer {
  const idBytes = Buffer.byteLength(clientId);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + idBytes);
  let length = bytes.length - 4;
  for (const part of body) length += part.length;
  bytes.writeInt32BE(length, 0);
  bytes.writeInt16BE(apiKey, 4);
  bytes.writeInt16BE(apiVersion, 6);
  bytes.writeInt32BE(correlationId, 8);
  bytes.writeInt16BE(idBytes, 12);
  bytes.write(clientId, HEADER_BYTES);
  return bytes;
}

function write({ socket }: Connection, head: Buffer, body: readonly Buffer[]): void {
  if (socket === undefined) throw new Error('the connection has no socket');
  socket.cork();
  socket.write(head);
  for (const part of body) socket.write(part);
  socket.uncork();
}
