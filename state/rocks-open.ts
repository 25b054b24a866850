// Opening. RocksDB wants every column family that exists to be named at the open, and names those that were forgotten when it
// refuses. Its manifest is the only list of them: we ask with what the caller wants, and once more with what the refusal adds.
// It refuses before it reads the log or writes anything, so the first try costs a few milliseconds.

import { mkdir, stat } from 'node:fs/promises';
import { EngineError } from '../engine/api/index.ts';
import type { ColumnHandle, RocksHandle } from './rocks-binding.ts';
import { rocks } from './rocks-binding.ts';
import { columnOptions, DATABASE_OPTIONS } from './rocks-options.ts';

/** How RocksDB begins the text; the names follow, separated by a comma and a space. */
const NOT_OPENED = /Column families not opened: (.+)$/;

interface Opened {
  readonly handle: RocksHandle;
  readonly columns: { [name: string]: ColumnHandle };
}

/** Opens the families in `wanted` and all others that exist. Read-only, none is made. */
export async function openRocksHandle(
  path: string,
  wanted: readonly string[],
  isReadOnly: boolean,
  memoryShare: number,
): Promise<Opened> {
  await prepareDirectory(path, isReadOnly);
  // Read-only, the first try names no family that could be made by it.
  const first = isReadOnly ? ['default'] : ['default', ...wanted];
  let opened: Opened;
  try {
    opened = await open(path, first, isReadOnly, memoryShare);
  } catch (error) {
    const forgotten = NOT_OPENED.exec((error as Error).message)?.[1]?.split(', ');
    if (forgotten === undefined) throw explain(path, error);
    try {
      opened = await open(path, [...first, ...forgotten], isReadOnly, memoryShare);
    } catch (secondError) {
      throw explain(path, secondError);
    }
  }
  const missing = wanted.filter((name) => opened.columns[name] === undefined);
  if (missing.length === 0) return opened;
  await new Promise((resolve) => rocks.db_close(opened.handle, resolve));
  const text = `the database in ${path} has no ${missing.join(', ')}: start the engine on this directory once`;
  throw new EngineError('DATABASE_FAILED', text);
}

async function prepareDirectory(path: string, isReadOnly: boolean): Promise<void> {
  try {
    if (isReadOnly) await stat(path);
    else await mkdir(path, { recursive: true });
  } catch (cause) {
    const text = `cannot ${isReadOnly ? 'find' : 'make'} the directory ${path}: ${(cause as Error).message}`;
    throw new EngineError('DATABASE_FAILED', text, { cause });
  }
}

function open(path: string, names: readonly string[], isReadOnly: boolean, memoryShare: number): Promise<Opened> {
  const handle = rocks.db_init(path);
  const options = {
    ...DATABASE_OPTIONS,
    createIfMissing: !isReadOnly,
    columns: Object.fromEntries(names.map((name) => [name, columnOptions(memoryShare)])),
  };
  return new Promise((resolve, reject) => {
    rocks.db_open(handle, options, (error, columns) => (error === null ? resolve({ handle, columns }) : reject(error)));
  });
}

function explain(path: string, cause: unknown): EngineError {
  const { code, message } = cause as Error & { code?: string };
  if (code === 'LEVEL_LOCKED') {
    const text = `the data directory ${path} is in use by another process: stop that one, or choose another directory`;
    return new EngineError('DATABASE_LOCKED', text, { cause });
  }
  return new EngineError('DATABASE_FAILED', `cannot open the database in ${path}: ${message}`, { cause });
}
