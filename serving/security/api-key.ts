// API keys: what a caller shows, and what is kept of it. A key's text is `fk_<id>_<secret>`: the id (48 random bits) finds the record, the secret
// (256 random bits) proves that it is the caller's. Of the secret only its SHA-256 is kept: nothing slower is needed, since nobody can
// go through 2^256 secrets (passwords need a slow hash because people choose them).
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What a key may read. */
export const SCOPES = ['public', 'visitors'] as const;

/**
 * `public`: lists that are the same for everybody (items, popular, trending). `visitors`: everything, with what belongs to one visitor or
 * session.
 */
export type Scope = (typeof SCOPES)[number];

export const MAX_REQUESTS_PER_SECOND = 1_000_000;
export const MAX_KEY_NAME_LENGTH = 100;

/** What is kept of a key. Times are ISO 8601. */
export const apiKeyRecord = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** For people. */
  name: z.string().min(1).max(MAX_KEY_NAME_LENGTH),
  /** The application whose lists it opens: a key is of no use at another's endpoint. */
  tenant: z.string().min(1).max(100),
  /** SHA-256 of the secret, hexadecimal. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  scopes: z.array(z.enum(SCOPES)).min(1),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().optional(),
  /** Where the key has a limit of its own. */
  requestsPerSecond: z.number().int().min(1).max(MAX_REQUESTS_PER_SECOND).optional(),
});

export type ApiKeyRecord = z.infer<typeof apiKeyRecord>;

const TEXT = /^fk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const NO_HASH = Buffer.alloc(32);

/** A new key. The text cannot be had again. */
export function createApiKey(
  about: Omit<ApiKeyRecord, 'id' | 'hash' | 'createdAt'>,
  nowMs: number,
): { readonly text: string; readonly record: ApiKeyRecord } {
  const id = randomBytes(6).toString('hex');
  const secret = randomBytes(32).toString('base64url');
  const record = { id, ...about, hash: hashOf(secret).toString('hex'), createdAt: new Date(nowMs).toISOString() };
  return { text: `fk_${id}_${secret}`, record };
}

/** The keys that are valid, ready to be asked for. */
export class KeyRing {
  readonly #keys: ReadonlyMap<
    string,
    { readonly record: ApiKeyRecord; readonly hash: Buffer; readonly untilMs: number }
  >;

  /** @param tenant keys of others are left out. */
  constructor(records: readonly ApiKeyRecord[], tenant: string) {
    const own = records.filter((record) => record.tenant === tenant);
    this.#keys = new Map(
      own.map((record) => {
        const untilMs = record.expiresAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(record.expiresAt);
        return [record.id, { record, hash: Buffer.from(record.hash, 'hex'), untilMs }];
      }),
    );
  }

  get size(): number {
    return this.#keys.size;
  }

  /** The key with this text, if it is valid. Takes as long for a wrong secret as for a right one. */
  find(text: string, nowMs: number): ApiKeyRecord | undefined {
    const [, id = '', secret] = TEXT.exec(text) ?? [];
    if (secret === undefined) return undefined;
    const key = this.#keys.get(id);
    const isRight = timingSafeEqual(hashOf(secret), key?.hash ?? NO_HASH);
    return key !== undefined && isRight && nowMs < key.untilMs ? key.record : undefined;
  }
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
