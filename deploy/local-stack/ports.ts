// Ports for servers that tests start. They lie below the range from which Linux and macOS take the local ports of outgoing
// connections (32768 and 49152 up): a server that is down for a moment must find its port free when it comes back. For the same
// reason, and so that processes side by side never take the same, a port is claimed for as long as the process lives: by a
// datagram socket of the same number, which no server here uses and which the system closes with the process, however it ends.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const FIRST = 10_000;
const LAST = 32_000;

/** Whether a server could listen on this port of 127.0.0.1 now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return promise;
}

/** Whether this process could claim the port: nobody else has. */
async function claim(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  socket.unref();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('error', () => resolve(false));
  socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(true));
  return promise;
}

/**
 * A port of 127.0.0.1 on which nobody listens and which nobody else gets from here while this process lives.
 * @param sibling distance to a second port that the server takes by itself (the bus of a Redis cluster), claimed as well
 */
export async function freePort(sibling = 0): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST - sibling));
    const ports = sibling === 0 ? [port] : [port, port + sibling];
    const areOurs = await Promise.all(ports.map(async (each) => (await isPortFree(each)) && (await claim(each))));
    if (areOurs.every(Boolean)) return port;
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
