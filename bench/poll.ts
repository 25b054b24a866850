import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 10;

/** Resolves when `condition` holds. Rejects with `name` after `timeoutMs`. */
export async function poll(name: string, condition: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1_000} s for ${name}`);
    await sleep(PAUSE_MS);
  }
}
