// Objects as files below a folder. An object is written beside its place under a name that listings leave out, synced, and renamed:
// a crash leaves a temporary file and no part of an object. Old temporary files go, where they can be removed, when a process writes
// its first object.

import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { checkObjectName, type ObjectStore, type StoredObject } from './object-store.ts';

/** Temporary files of all writers. The dot keeps it out of listings. */
const INCOMING = '.incoming';
/** Nobody takes so long to write one file: its writer has died. */
const ABANDONED_MS = 24 * 3_600_000;

const PAGE_OBJECTS = 1_000;

/** A store in a folder, which is made when something is written. */
export function createFolderStore(root: string): ObjectStore {
  let cleaned: Promise<void> | undefined;
  const incoming = join(root, INCOMING);

  async function put(name: string, bytes: Uint8Array): Promise<void> {
    checkObjectName(name);
    const path = join(root, name);
    await mkdir(incoming, { recursive: true });
    cleaned ??= removeAbandoned(incoming);
    await cleaned;
    await mkdir(dirname(path), { recursive: true });
    const temporary = join(incoming, randomUUID());
    try {
      const file = await open(temporary, 'wx');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(dirname(path));
  }

  async function read(name: string, start: number, end: number): Promise<Uint8Array> {
    checkObjectName(name);
    const file = await open(join(root, name));
    try {
      const { size } = await file.stat();
      const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end, size) - start));
      let filled = 0;
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } finally {
      await file.close();
    }
  }

  return {
    put,
    read,
    list: (prefix, after) => pagesOf(root, prefix, after),
    async close() {},
  };
}

async function* pagesOf(root: string, prefix: string, after: string | undefined): AsyncGenerator<StoredObject[]> {
  let page: StoredObject[] = [];
  for await (const name of namesBelow(root, '', prefix, after)) {
    page.push({ name, bytes: (await stat(join(root, name))).size });
    if (page.length < PAGE_OBJECTS) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Names below `folder` ('' or ending with `/`) in byte order, without reading folders that cannot hold any that are wanted. */
async function* namesBelow(root: string, folder: string, prefix: string, after = ''): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  // A folder sorts as its names do: with the slash.
  const names = entries
    .filter((entry) => !entry.name.startsWith('.'))
    .map((entry) => (entry.isDirectory() ? `${folder}${entry.name}/` : `${folder}${entry.name}`))
    .sort(inByteOrder);
  for (const name of names) {
    if (!name.endsWith('/')) {
      if (name.startsWith(prefix) && inByteOrder(name, after) > 0) yield name;
    } else if (
      (name.startsWith(prefix) || prefix.startsWith(name)) &&
      (after.startsWith(name) || inByteOrder(name, after) > 0)
    ) {
      yield* namesBelow(root, name, prefix, after);
    }
  }
}

const inByteOrder = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Never rejects: what stays only takes up room, and no object waits for it. */
async function removeAbandoned(incoming: string): Promise<void> {
  for (const name of await readdir(incoming).catch(() => [])) {
    const path = join(incoming, name);
    const info = await stat(path).catch(() => undefined);
    if (info === undefined || Date.now() - info.mtimeMs <= ABANDONED_MS) continue;
    await rm(path, { force: true }).catch(() => {});
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
