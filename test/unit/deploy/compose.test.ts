import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { serverVersions } from '../../../deploy/local-stack/servers.ts';
import { STACK_PORTS } from '../../../deploy/local-stack/stack.ts';

const compose = readFileSync(join(import.meta.dirname, '../../../deploy/compose.yaml'), 'utf8');

it('the servers of Docker have the versions of the local stack', () => {
  const { kafka, registry } = serverVersions();
  const images = [...compose.matchAll(/image: (.+)/g)].map(([, image]) => image!);
  const ofStack = [`apache/kafka:${kafka}`, `quay.io/apicurio/apicurio-registry-kafkasql:${registry}`, 'redis:7'];
  assert.deepEqual(
    images.filter((image) => /kafka|redis/.test(image)),
    ofStack,
  );
});

it('the servers of Docker have the ports of the local stack, and every port is on loopback only', () => {
  const published = [...compose.matchAll(/^ +- "(.*\d+):\d+"$/gm)].map(([, address]) => address!);
  const ofStack = Object.values(STACK_PORTS).map((port) => `127.0.0.1:${port}`);
  assert.deepEqual(published.slice(0, ofStack.length), ofStack);
  assert.deepEqual(
    published.filter((address) => !address.startsWith('127.0.0.1:')),
    [],
  );
});
