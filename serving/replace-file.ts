// A file that is replaced as a whole: written beside its place, synced, and moved there, so that readers see the old or the new one and never
// half of one.
import { type FileHandle, open, rename, rm } from 'node:fs/promises';

/** Replaces the file, for its owner's eyes only. @throws what the file system or `write` throws; then the old file is still there. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
