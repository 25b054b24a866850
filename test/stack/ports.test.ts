import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, isPortFree } from '../../deploy/local-stack/ports.ts';

const PORTS = join(import.meta.dirname, '../../deploy/local-stack/ports.ts');

/** Takes 30 ports in a process that has the same random numbers as any other of these, and lives until its input is closed. */
const TAKING = `
  let seed = 7;
  Math.random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const { freePort } = await import(${JSON.stringify(PORTS)});
  const ports = [];
  for (let i = 0; i < 30; i++) ports.push(await freePort());
  console.log(JSON.stringify(ports));
  process.stdin.resume();`;

test('processes side by side never get the same port, even with the same random numbers', async () => {
  const children = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', TAKING], { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const lines = await Promise.all(children.map(async ({ stdout }) => String((await once(stdout, 'data'))[0])));
  for (const { stdin } of children) stdin.end();
  const taken: number[] = lines.flatMap((line) => JSON.parse(line));
  assert.equal(taken.length, 90);
  assert.equal(new Set(taken).size, 90);
});

test('a port and its sibling are free, and not handed out twice', async () => {
  const ports: number[] = [];
  for (let i = 0; i < 50; i++) {
    const port = await freePort(10_000);
    ports.push(port, port + 10_000);
  }
  assert.equal(new Set(ports).size, 100);
  assert.ok((await Promise.all(ports.map(isPortFree))).every(Boolean));
  assert.ok(ports.every((port) => port < 32_000));
});
