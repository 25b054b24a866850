// Reads a published value; one that cannot be read counts as absent and is logged, because no answer should fail for it.
import { type Logger, RefusedRecordError, type Serde } from '../engine/api/index.ts';

/** The value, or `undefined` where there is none or it cannot be read. */
export function readPublished<V>(serde: Serde<V>, value: Uint8Array | null, logger: Logger): V | undefined {
  if (value === null) return undefined;
  try {
    return serde.deserialize(value);
  } catch (error) {
    if (!(error instanceof RefusedRecordError)) throw error;
    logger.warn('published-value-unreadable', { code: error.code });
    return undefined;
  }
}
