// A time limit on one piece of work, for work that cannot be called off.

/** The work did not end in time. It may still end later; nobody hears of it. */
export class TooLateError extends Error {
  override readonly name = 'TooLateError';
}

/**
 * What `work` gives. @throws {TooLateError} when it takes longer than `timeoutMs`; where this process was held up, what has arrived
 * meanwhile still counts: sockets are read before the immediate.
 */
export async function within<T>(timeoutMs: number, work: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(new TooLateError(`no answer within ${timeoutMs} ms`));
  const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
