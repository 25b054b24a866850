// Makes the installable package: JavaScript and types in dist/, what the program reads at run time beside them, and the tarball.

import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const run = (command: string, ...parameters: string[]) =>
  execFileSync(command, parameters, { cwd: root, stdio: 'inherit' });

rmSync(join(root, 'dist'), { recursive: true, force: true });
run(join(root, 'node_modules', '.bin', 'tsc'), '-p', 'tsconfig.build.json');
for (const asset of [
  ...globSync('schemas/**/*.avsc', { cwd: root }),
  ...globSync('app/console/public/**/*.*', { cwd: root }),
]) {
  const target = join(root, 'dist', asset);
  mkdirSync(dirname(target), { recursive: true });
  cpSync(join(root, asset), target);
}
run('npm', 'pack', '--pack-destination', 'dist', '--loglevel=error');
