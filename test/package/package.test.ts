// The package as a user gets it: built, packed, installed into an empty folder, and used from there.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'freshet-package-'));
const run = (command: string, ...parameters: string[]) =>
  execFileSync(command, parameters, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, FRESHET_DATA_DIR: join(folder, 'data') },
  });
const freshet = join(folder, 'node_modules', '.bin', 'freshet');

before(() => {
  execFileSync(process.execPath, [join(root, 'scripts', 'build.ts')], { cwd: root, stdio: 'ignore' });
  const [tarball] = globSync('dist/freshet-*.tgz', { cwd: root });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'a-shop', private: true, type: 'module' }));
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', join(root, tarball!));
});

after(() => rmSync(folder, { recursive: true, force: true }));

test('the package holds no sources and no tests', () => {
  assert.deepEqual(
    globSync('node_modules/freshet/**/*.ts', { cwd: folder }).filter(
      (path) => !path.endsWith('.d.ts') && !path.includes('freshet/node_modules'),
    ),
    [],
  );
  assert.deepEqual(globSync('node_modules/freshet/test*', { cwd: folder }), []);
});

test('the installed command simulates, replays and describes', () => {
  assert.match(run(freshet, '--version'), /^\d+\.\d+\.\d+\n$/);
  assert.match(run(freshet, '--help'), /FRESHET_DATA_DIR/);
  assert.match(run(freshet, 'topology', '--mermaid'), /^flowchart LR\n/);
  run(freshet, 'simulate', '--events', '300', '--seed', '3', '--out', 'events.jsonl');
  assert.match(run(freshet, 'replay', 'events', 'events.jsonl'), /events\.jsonl replayed\./);
  assert.match(run(freshet, 'replay', 'events', 'events.jsonl'), /has been replayed already/);
});

test('the installed endpoint answers from the replayed state, and Ctrl-C ends it cleanly', async () => {
  const child = spawn(freshet, ['serve'], {
    cwd: folder,
    env: { ...process.env, FRESHET_DATA_DIR: join(folder, 'data'), FRESHET_PORT: '0', FRESHET_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (text) => {
    printed += String(text);
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (text) => {
      printed += String(text);
      const found = /http:\/\/[\d.:]+/.exec(printed)?.[0];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', () => reject(new Error(printed)));
  });
  const answer = (await (await fetch(`${url}/v1/popular?n=3`)).json()) as { rung: string; items: unknown[] };
  assert.equal(answer.items.length, 3);
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, printed);
});

test('a program of its own runs on the engine, with types', () => {
  writeFileSync(
    join(folder, 'program.mjs'),
    `import { TopologyBuilder, describeAsText } from 'freshet/engine';
     import { TopologyTestDriver } from 'freshet/testing';
     import { createMemoryDatabase } from 'freshet/state';
     import { createServingClient } from 'freshet/client';
     import { createSerdes, createFileSchemaSource } from 'freshet/schemas';
     createSerdes(createFileSchemaSource());
     const text = { serialize: (v) => Buffer.from(v), deserialize: (b) => Buffer.from(b).toString() };
     const topology = new TopologyBuilder().addSource('words', { topic: 'words', deserializer: text }).build();
     console.log(typeof TopologyTestDriver, typeof createMemoryDatabase, typeof createServingClient);
     console.log(describeAsText(topology));`,
  );
  assert.equal(
    run(process.execPath, 'program.mjs'),
    'function function function\nTopology\n  source words  reads words\n',
  );
  writeFileSync(
    join(folder, 'program.ts'),
    `import { type Processor, TopologyBuilder } from 'freshet/engine';
     const upper: Processor<string> = { process() {} };
     export const topology = new TopologyBuilder().addProcessor('upper', () => upper, { parents: [] });`,
  );
  const tsc = join(root, 'node_modules', '.bin', 'tsc');
  run(
    tsc,
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
    'program.ts',
  );
});
