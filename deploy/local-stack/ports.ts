// Ports for servers that tests start. They lie below the range from which Linux and macOS take the local ports of outgoing
// connections (32768 and 49152 up): a server that is down for a moment must find its port free when it comes back.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const FIRST = 20_000;
const LAST = 32_000;

/** Whether a server could listen on this port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}

/** A port of 127.0.0.1 that was free a moment ago, taken at random so that processes side by side do not meet. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await isPortFree(port)) return port;
  }
}

/** Whether somebody listens on this port of 127.0.0.1. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
