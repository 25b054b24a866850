import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import type { Database, EngineErrorCode } from '../../../engine/api/index.ts';
import { EngineError } from '../../../engine/api/index.ts';
import { openRocksDatabase } from '../../../state/index.ts';
import { KEYS_PER_BATCH } from '../../support/crash-writer.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function hasCode(code: EngineErrorCode, pattern: RegExp): (error: unknown) => true {
  return (error) => {
    assert(error instanceof EngineError);
    assert.equal(error.code, code);
    assert.match(error.message, pattern);
    return true;
  };
}

function put(database: Database, columnFamily: string, key: string, value: string): void {
  const batch = database.createBatch();
  batch.put(columnFamily, bytes(key), bytes(value));
  database.write(batch);
}

describe('opening a RocksDB database', () => {
  it('makes the directory and those above it', async () => {
    const path = join(temporaryDirectory(), 'deep', 'data');
    const database = await openRocksDatabase(path, { columnFamilies: ['a'] });
    await database.close();
    assert(existsSync(path));
  });

  it('says which directory is in use when it is open already', async () => {
    const path = temporaryDirectory();
    const database = await openRocksDatabase(path, { columnFamilies: ['a'] });
    await assert.rejects(
      openRocksDatabase(path, { columnFamilies: ['a'] }),
      hasCode('DATABASE_LOCKED', new RegExp(`${path} is in use`)),
    );
    put(database, 'a', 'k', 'still works');
    await database.close();
    await (await openRocksDatabase(path, { columnFamilies: ['a'] })).close();
  });

  it('says which directory cannot be opened', async () => {
    const file = join(temporaryDirectory(), 'file');
    await writeFile(file, 'not a directory');
    await assert.rejects(openRocksDatabase(file, { columnFamilies: [] }), hasCode('DATABASE_FAILED', /file/));
  });

  it('refuses a damaged database', async () => {
    const path = temporaryDirectory();
    await (await openRocksDatabase(path, { columnFamilies: ['a'] })).close();
    await writeFile(join(path, 'CURRENT'), 'MANIFEST-999999\n');
    await assert.rejects(
      openRocksDatabase(path, { columnFamilies: ['a'] }),
      hasCode('DATABASE_FAILED', /MANIFEST-999999/),
    );
  });
});

describe('opening a RocksDB database for reading', () => {
  it('reads what is there and refuses to write', async () => {
    const path = temporaryDirectory();
    const writer = await openRocksDatabase(path, { columnFamilies: ['a', 'b'] });
    put(writer, 'a', 'k', 'v');
    await writer.close();
    const reader = await openRocksDatabase(path, { columnFamilies: ['a'], readOnly: true });
    assert.equal(String(reader.get('a', bytes('k'))), 'v');
    assert.throws(() => reader.createBatch(), TypeError);
    assert.throws(() => reader.deleteRange('a', { gte: bytes('a'), lt: bytes('z') }), TypeError);
    await reader.close();
  });

  it('makes no directory and no column family', async () => {
    const path = temporaryDirectory();
    const absent = join(path, 'absent');
    await assert.rejects(
      openRocksDatabase(absent, { columnFamilies: ['a'], readOnly: true }),
      hasCode('DATABASE_FAILED', /absent/),
    );
    assert(!existsSync(absent));
    await (await openRocksDatabase(path, { columnFamilies: ['a'] })).close();
    for (let attempt = 0; attempt < 2; attempt++) {
      await assert.rejects(
        openRocksDatabase(path, { columnFamilies: ['a', 'b'], readOnly: true }),
        hasCode('DATABASE_FAILED', /has no b/),
      );
    }
  });
});

describe('killing the process that writes', () => {
  it('leaves every batch whole or not at all, and all that were written', { timeout: 60_000 }, async () => {
    const path = temporaryDirectory();
    const writer = join(import.meta.dirname, '../../support/crash-writer.ts');
    let first = 1;
    for (let round = 0; round < 3; round++) {
      const child = spawn(process.execPath, [writer, path, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const killAt = first + 100 + round * 217;
      let lastWritten = 0;
      const exited = once(child, 'exit');
      for await (const line of createInterface({ input: child.stdout })) {
        lastWritten = Number(line);
        if (lastWritten === killAt) child.kill('SIGKILL');
      }
      assert.equal((await exited)[1], 'SIGKILL');
      assert(lastWritten >= killAt, 'the writer ended too early');

      const database = await openRocksDatabase(path, { columnFamilies: ['a', 'b'] });
      const number = Number(String(database.get('b', bytes('n'))));
      assert(number >= lastWritten, `batch ${lastWritten} was written, ${number} is there`);
      const values = [...database.scan('a', {})].map(([, value]) => Number(String(value)));
      assert.deepEqual(values, Array(KEYS_PER_BATCH).fill(number));
      await database.close();
      first = number + 1;
    }
  });
});
