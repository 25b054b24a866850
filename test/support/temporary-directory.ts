import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const paths: string[] = [];

// Not with `t.after`: node:test runs those hooks in the order in which they were added, so a directory would go before the
// database in it has been closed.
process.on('exit', () => {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
});

/** An empty directory that is removed when the process ends. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'freshet-test-'));
  paths.push(path);
  return path;
}
