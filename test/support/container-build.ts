// Builds deploy/Dockerfile without Docker. A stage is a folder with what the container's root would hold; COPY copies from the context, which
// is what .dockerignore lets in, or from another stage; RUN is run by a shell for which bubblewrap puts the stage's folders where the
// container would have them. What base images bring is this machine's: Node, Debian's tools, the C library. Of Docker's instructions
// those are known that our file uses; any other is an error.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join, resolve } from 'node:path';
import type { Ignore } from '@balena/dockerignore';

// Its types describe an ES module, which it is not.
const ignore = createRequire(import.meta.url)('@balena/dockerignore') as () => Ignore;

/** Folders of the container's root that instructions write to. */
const OWN_FOLDERS = ['app', 'build', 'data'];

/** A stage, and in the end what the last one says of how the image is run. */
export interface Stage {
  /** Folder that stands for the container's root. */
  readonly root: string;
  workdir: string;
  user: string;
  readonly environment: { [name: string]: string };
  entrypoint: readonly string[];
  healthCheck: readonly string[];
}

interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

function instructionsOf(dockerfile: string): Instruction[] {
  const text = readFileSync(dockerfile, 'utf8')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '');
  return [...text.matchAll(/^([A-Z]+)\s+(.+)$/gm)].map(([, keyword, rest]) => ({ keyword: keyword!, text: rest! }));
}

/** Copies what the builder would be sent of a folder. */
function sendContext(folder: string, target: string): void {
  const rules = ignore().add(readFileSync(join(folder, '.dockerignore'), 'utf8'));
  const exclude = ['node_modules', 'dist', '.git', '.freshet'];
  for (const path of globSync('**/*', { cwd: folder, exclude }))
    if (!rules.ignores(path) && statSync(join(folder, path)).isFile()) cpSync(join(folder, path), join(target, path));
}

/** @param directory takes the context and a folder for each stage. @throws when a step fails, with what it printed. */
export function buildImage(folder: string, dockerfile: string, directory: string): Stage {
  const context = join(directory, 'context');
  sendContext(folder, context);
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const { keyword, text } of instructionsOf(dockerfile)) {
    if (keyword === 'FROM') {
      const name = / AS (\S+)$/.exec(text)?.[1] ?? 'last';
      const root = join(directory, name);
      for (const own of OWN_FOLDERS) mkdirSync(join(root, own), { recursive: true });
      stage = { root, workdir: '/', user: 'root', environment: {}, entrypoint: [], healthCheck: [] };
      stages.set(name, stage);
    } else follow({ keyword, text }, stage!, (name) => (name === undefined ? context : stages.get(name)!.root));
  }
  return stage!;
}

function follow({ keyword, text }: Instruction, stage: Stage, sourceOf: (name?: string) => string): void {
  switch (keyword) {
    case 'WORKDIR':
      stage.workdir = text;
      return;
    case 'USER':
      stage.user = text;
      return;
    case 'ENV':
      for (const [, name, value] of text.matchAll(/(\S+?)=(\S+)/g)) stage.environment[name!] = value!;
      return;
    case 'COPY':
      copy(text, stage, sourceOf);
      return;
    case 'RUN':
      execFileSync('bwrap', [...machineOf(stage), 'sh', '-c', text], { stdio: 'pipe' });
      return;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(text) as string[];
      return;
    case 'HEALTHCHECK':
      stage.healthCheck = JSON.parse(text.slice(text.indexOf('CMD ') + 4)) as string[];
      return;
    case 'VOLUME':
    case 'CMD':
      return;
    default:
      throw new Error(`${keyword} is not known here`);
  }
}

function copy(text: string, stage: Stage, sourceOf: (name?: string) => string): void {
  const source = sourceOf(/--from=(\S+)/.exec(text)?.[1]);
  const paths = text.split(' ').filter((word) => !word.startsWith('--'));
  const target = paths.pop()!;
  for (const path of paths) {
    const to = join(stage.root, resolve(stage.workdir, target));
    // The contents of a folder go to the target; a file goes into it when it is named as a folder.
    const isInto = target.endsWith('/') && statSync(join(source, path)).isFile();
    cpSync(join(source, path), isInto ? join(to, basename(path)) : to, { recursive: true, verbatimSymlinks: true });
  }
}

/** For RUN: this machine, read only, with the stage's folders, Node and npm's cache. */
function machineOf(stage: Stage): string[] {
  const cache = execFileSync('npm', ['config', 'get', 'cache'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  mkdirSync(cache, { recursive: true });
  const elsewhere = new Set(['proc', 'dev', 'tmp', ...OWN_FOLDERS]);
  const machine = readdirSync('/').filter((name) => !elsewhere.has(name));
  return [
    ...machine.flatMap((name) => ['--ro-bind', `/${name}`, `/${name}`]),
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--bind', cache, cache],
    ...OWN_FOLDERS.flatMap((name) => ['--bind', join(stage.root, name), `/${name}`]),
    ...['--ro-bind', process.execPath, '/nodejs/bin/node', '--setenv', 'PATH', `/nodejs/bin:${process.env.PATH}`],
    ...['--chdir', stage.workdir],
  ];
}

/**
 * Arguments of bwrap before a command, for running it as the image's container would: a read-only root of the image's files, Node where
 * its base image has it, the system's libraries, and no other program. `/tmp` and `/data`, which is the folder `data`, are written to.
 */
export function containerOf(image: Stage, data: string, environment: Stage['environment'] = {}): string[] {
  const readOnly = ['/usr/lib', '/usr/lib64', '/etc/ssl'].filter((path) => existsSync(path));
  return [
    ...readOnly.flatMap((path) => ['--ro-bind', path, path]),
    ...['--symlink', 'usr/lib', '/lib', '--symlink', 'usr/lib64', '/lib64'],
    ...['--ro-bind', process.execPath, '/nodejs/bin/node', '--ro-bind', join(image.root, 'app'), '/app'],
    ...['--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp', '--bind', data, '/data', '--remount-ro', '/'],
    ...['--chdir', image.workdir, '--clearenv', '--cap-drop', 'ALL', '--die-with-parent'],
    ...Object.entries({ ...image.environment, ...environment }).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
}
