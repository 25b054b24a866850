#!/usr/bin/env node
// Starts the command line on the Node that the package brings, whichever Node the shell found. Plain JavaScript of an old
// dialect, since an old Node must be able to read it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
// A checkout has the sources, an installed package what was built from them.
const main = [join(root, 'app', 'main.ts'), join(root, 'dist', 'app', 'main.js')].find((path) => existsSync(path));
const NEEDED_MAJOR = 24;

if (main === undefined) {
  console.error('freshet: the program is missing beside this file; install the package anew');
  process.exit(1);
}

// Code that has been compiled once: a start takes less than half of the CPU with it. A folder that cannot be written to is done without.
// In the environment for the processes that this one starts.
process.env.NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || join(cacheFolder(), 'freshet', 'code');

if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(main);
} else {
  let node;
  try {
    node = join(dirname(createRequire(import.meta.url).resolve('node/package.json')), 'bin', 'node');
  } catch {
    console.error(
      `freshet: needs Node ${NEEDED_MAJOR} and this is ${process.version}; the package "node" that brings it is not installed (npm ci does that)`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Handed on, since whoever sends a signal knows this process. A terminal sends Ctrl-C to both, and the child counts
  // two that come at once as one. The child decides when to end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`freshet: cannot start ${node}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1);
  });
}

function cacheFolder() {
  if (process.env.XDG_CACHE_HOME) return process.env.XDG_CACHE_HOME;
  try {
    return join(homedir(), '.cache');
  } catch {
    // A user whom the machine does not know, as in a container.
    return tmpdir();
  }
}
