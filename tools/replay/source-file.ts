// A file to replay: plain or gzip, told apart by its first two bytes (RFC 1952, 2.3.1), never by its name.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { ReplayFileError } from './reader.ts';

const READ_BYTES = 256 * 1024;

/** A file that can be read several times. */
export class SourceFile {
  readonly path: string;
  readonly name: string;
  /** Size on disk. */
  readonly totalBytes: number;
  readonly #isGzip: boolean;
  #bytesRead = 0;

  private constructor(path: string, totalBytes: number, isGzip: boolean) {
    this.path = path;
    this.name = basename(path);
    this.totalBytes = totalBytes;
    this.#isGzip = isGzip;
  }

  /** @throws {ReplayFileError} when there is no such file. */
  static async open(path: string): Promise<SourceFile> {
    try {
      const { size } = await stat(path);
      const handle = await open(path);
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
        return new SourceFile(path, size, bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b);
      } finally {
        await handle.close();
      }
    } catch (cause) {
      throw new ReplayFileError(`cannot read ${path}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Bytes of the disk that the last `chunks` has taken. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** SHA-256 of the bytes on disk, hexadecimal. */
  async fingerprint(): Promise<string> {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(this.path, { highWaterMark: READ_BYTES })) hash.update(chunk as Buffer);
    return hash.digest('hex');
  }

  /**
   * The contents, unpacked, from the start.
   * @throws {ReplayFileError} when the file cannot be read to its end.
   */
  async *chunks(): AsyncGenerator<Buffer, void, undefined> {
    this.#bytesRead = 0;
    const raw = createReadStream(this.path, { highWaterMark: READ_BYTES });
    raw.on('data', (chunk) => {
      this.#bytesRead += chunk.length;
    });
    const unpacked = this.#isGzip ? raw.pipe(createGunzip({ chunkSize: READ_BYTES })) : raw;
    // A pipe does not hand errors on.
    raw.on('error', (error) => unpacked.destroy(error));
    try {
      for await (const chunk of unpacked) yield chunk as Buffer;
    } catch (cause) {
      throw new ReplayFileError(`${this.name} is damaged or cannot be read: ${messageOf(cause)}`, { cause });
    } finally {
      raw.destroy();
      unpacked.destroy();
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
