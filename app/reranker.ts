// Loads the shop's own reranker, a module whose default export makes one (or a promise of one).

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Reranker } from '../processors/after-scoring/reranker.ts';

/** A reranker cannot be used. */
export class RerankerError extends Error {
  override readonly name = 'RerankerError';
}

/**
 * The reranker of a module; `undefined` where none is set.
 * @throws {RerankerError}
 */
export async function loadReranker(path: string | undefined): Promise<Reranker | undefined> {
  if (path === undefined) return undefined;
  let made: unknown;
  try {
    const { default: make }: { readonly default?: unknown } = await import(pathToFileURL(resolve(path)).href);
    made = typeof make === 'function' ? await make() : make;
  } catch (cause) {
    throw new RerankerError(`FRESHET_RERANKER: ${path} cannot be loaded: ${(cause as Error).message}`, { cause });
  }
  if (!isReranker(made))
    throw new RerankerError(`FRESHET_RERANKER: what ${path} makes has no "name" and no function "score"`);
  return made;
}

function isReranker(made: unknown): made is Reranker {
  const { name, score } = (made ?? {}) as Partial<Reranker>;
  return typeof name === 'string' && typeof score === 'function';
}
