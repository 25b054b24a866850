// The file of API keys: `{"keys": [...]}`, one record for each (api-key.ts), no secrets. It is read again when it changes, so that keys are made
// and revoked without a restart: to rotate, make a new key, give it out, revoke the old one.
import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Logger } from '../../engine/api/index.ts';
import { replaceFile } from '../replace-file.ts';
import { type ApiKeyRecord, apiKeyRecord, KeyRing } from './api-key.ts';

/** From one look at the file to the next. */
const LOOK_INTERVAL_MS = 1_000;

const keyFile = z.strictObject({ keys: z.array(apiKeyRecord) });

/** The file of API keys cannot be used; the text says why, without anything of its contents. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError';
}

/** @throws {KeyFileError} */
export async function readKeyFile(path: string): Promise<readonly ApiKeyRecord[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new KeyFileError(`the file of API keys ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  return validKeys(parseJson(text), `the file of API keys ${path} is not valid`);
}

/**
 * Replaces the file as a whole; for its owner's eyes only.
 * @throws {KeyFileError} for keys that {@link readKeyFile} would refuse.
 */
export async function writeKeyFile(path: string, keys: readonly ApiKeyRecord[]): Promise<void> {
  validKeys({ keys }, `the file of API keys ${path} would not be valid`);
  await replaceFile(path, (file) => file.writeFile(`${JSON.stringify({ keys }, undefined, 2)}\n`));
}

/** The keys of the file as they are now. A file that becomes unusable leaves the keys as they were, and is said once. */
export class WatchedKeys {
  readonly #path: string;
  readonly #tenant: string;
  readonly #logger: Logger;
  #ring: KeyRing;
  readonly #changed = (): void => void this.#readAgain();

  private constructor(path: string, tenant: string, logger: Logger, ring: KeyRing) {
    this.#path = path;
    this.#tenant = tenant;
    this.#logger = logger;
    this.#ring = ring;
    // Asked for its time, not watched: that also works on network file systems, and when another file is moved to its place.
    watchFile(path, { interval: LOOK_INTERVAL_MS, persistent: false }, this.#changed);
  }

  /** @throws {KeyFileError} when the file cannot be used at the start. */
  static async open(path: string, tenant: string, logger: Logger): Promise<WatchedKeys> {
    return new WatchedKeys(path, tenant, logger, new KeyRing(await readKeyFile(path), tenant));
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  close(): void {
    unwatchFile(this.#path, this.#changed);
  }

  async #readAgain(): Promise<void> {
    try {
      this.#ring = new KeyRing(await readKeyFile(this.#path), this.#tenant);
      this.#logger.info('api-keys-read', { keys: this.#ring.size });
    } catch (error) {
      this.#logger.error('api-keys-not-read', { error: (error as Error).message });
    }
  }
}

/** @throws {KeyFileError} */
function validKeys(contents: unknown, fault: string): readonly ApiKeyRecord[] {
  const parsed = keyFile.safeParse(contents);
  if (parsed.success) return parsed.data.keys;
  const { path: place = [], code } = parsed.error.issues[0] ?? {};
  throw new KeyFileError(`${fault} at "${place.join('.')}" (${code})`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
