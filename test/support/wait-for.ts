import { setImmediate } from 'node:timers/promises';

/** Resolves when `condition` holds, which is asked once per turn of the event loop. Rejects with `name` after `timeoutMs`. */
export async function waitFor(name: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${name}`);
    await setImmediate();
  }
}
