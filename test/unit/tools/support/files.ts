import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ReplayReader, ReplayStep } from '../../../../tools/replay/reader.ts';

/** Path of a file with these contents, which goes when the test ends. */
export async function temporaryFile(t: TestContext, name: string, contents: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-tools-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, name);
  await writeFile(path, contents);
  return path;
}

export async function stepsOf(reader: ReplayReader): Promise<ReplayStep[]> {
  const all: ReplayStep[] = [];
  for await (const steps of reader.read()) all.push(...steps);
  return all;
}
