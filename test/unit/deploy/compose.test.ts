import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { serverVersions } from '../../../deploy/local-stack/servers.ts';
import { STACK_PORTS } from '../../../deploy/local-stack/stack.ts';

const compose = readFileSync(join(import.meta.dirname, '../../../deploy/compose.yaml'), 'utf8');

it('the servers of Docker have the versions of the local stack', () => {
  const { kafka, registry } = serverVersions();
  const images = [...compose.matchAll(/image: (.+)/g)].map(([, image]) => image);
  assert.deepEqual(images, [
    `apache/kafka:${kafka}`,
    `quay.io/apicurio/apicurio-registry-kafkasql:${registry}`,
    'redis:7',
  ]);
});

it('the servers of Docker have the ports of the local stack, on loopback only', () => {
  const published = [...compose.matchAll(/^ +- "(.*:\d+):\d+"$/gm)].map(([, address]) => address);
  assert.deepEqual(
    published,
    Object.values(STACK_PORTS).map((port) => `127.0.0.1:${port}`),
  );
});
