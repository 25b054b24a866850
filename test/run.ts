// Runs every test that this machine can run, and says at the end, loudly, what was left out and why. In CI nothing may be left
// out: the same helper that skips on a laptop fails there (test/support/requires.ts).

import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { pathToFileURL } from 'node:url';
import { fetchServers, missingPrograms } from '../deploy/local-stack/servers.ts';

const root = join(import.meta.dirname, '..');
const folders = process.argv.slice(2);
const globPatterns = (folders.length > 0 ? folders : ['.']).map((folder) => join(root, 'test', folder, '**/*.test.ts'));

// Once for all files, and outside their time: the servers that they start.
if (missingPrograms() === undefined) await fetchServers((line) => console.log(line));

const SLOWEST_TOLD = 12;
/** Each broker and registry lives for seconds: compiled once and quickly, it takes half of the CPU until it answers. */
const JAVA_OPTIONS = '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC';
process.env.JAVA_TOOL_OPTIONS ??= JAVA_OPTIONS;
// And so do hundreds of processes of Node with code that one of them has compiled.
process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), 'freshet-test-code');

const skipped: string[] = [];
const files: { readonly file: string; readonly seconds: number }[] = [];
let count = 0;
const execArgv = ['--import', pathToFileURL(join(root, 'test/support/end-of-file.ts')).href];
const stream = run({ globPatterns, cwd: root, concurrency: 2, timeout: 1_800_000, execArgv });
stream.on('test:pass', (event) => {
  count += 1;
  if (event.skip !== undefined && event.skip !== false) skipped.push(`${event.name}: ${String(event.skip)}`);
});
stream.on('test:fail', () => {
  process.exitCode = 1;
});
stream.on('test:summary', ({ file, duration_ms }) => {
  if (file !== undefined) files.push({ file: relative(root, file), seconds: duration_ms / 1_000 });
});
stream.compose(spec).pipe(process.stdout);
stream.on('end', () => {
  if (count === 0) {
    console.error(`no test was found in ${globPatterns.join(', ')}`);
    process.exitCode = 1;
  }
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_TOLD);
  console.log(
    `\nslowest files:\n${slowest.map((one) => `  ${one.seconds.toFixed(0).padStart(4)} s  ${one.file}`).join('\n')}`,
  );
  if (skipped.length > 0)
    console.log(`\nNOT RUN HERE (${skipped.length}):\n${skipped.map((line) => `  - ${line}`).join('\n')}`);
});
