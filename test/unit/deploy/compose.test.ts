import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { parse } from 'yaml';
import { readConfig } from '../../../app/config.ts';
import { serverVersions } from '../../../deploy/local-stack/servers.ts';
import { STACK_PORTS } from '../../../deploy/local-stack/stack.ts';

const deploy = join(import.meta.dirname, '../../../deploy');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: readonly string[] | { readonly [name: string]: unknown };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly healthcheck?: { readonly disable?: boolean };
}

const compose = parse(readFileSync(join(deploy, 'compose.yaml'), 'utf8'), { merge: true }) as {
  services: { readonly [name: string]: Service };
  volumes: object;
};
const services = Object.entries(compose.services);
const own = services.filter(([, { image }]) => image === 'freshet');

it('the servers of Docker have the versions of the local stack', () => {
  const { kafka, registry } = serverVersions();
  assert.deepEqual(
    services.filter(([, { profiles }]) => profiles === undefined).map(([, { image }]) => image),
    [`apache/kafka:${kafka}`, `quay.io/apicurio/apicurio-registry-kafkasql:${registry}`, 'redis:7'],
  );
});

it('the servers of Docker have the ports of the local stack, and no port can be reached from elsewhere', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports.map((port) => port.replace(/:\d+$/, '')));
  for (const port of Object.values(STACK_PORTS)) assert.ok(published.includes(`127.0.0.1:${port}`), String(port));
  for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+$/);
});

it('every setting of our containers is known and can be used', () => {
  assert.ok(own.length >= 8);
  for (const [name, { environment = {} }] of own) {
    const settings = Object.entries(environment).map(([key, value]) => [key, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')]);
    assert.doesNotThrow(() => readConfig(Object.fromEntries(settings)), name);
  }
});

it('our containers are as closed as the image allows', () => {
  for (const [name, service] of own) {
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.cap_drop, ['ALL'], name);
  }
});

it('what is named is there: services, volumes, files', () => {
  for (const [name, { depends_on = [], volumes = [] }] of services) {
    for (const other of Array.isArray(depends_on) ? depends_on : Object.keys(depends_on))
      assert.ok(other in compose.services, `${name} depends on ${other}`);
    for (const volume of volumes) {
      const [source] = volume.split(':');
      if (source!.startsWith('.')) assert.ok(existsSync(join(deploy, source!)), `${name}: ${source}`);
      else assert.ok(source! in compose.volumes, `${name}: ${source}`);
    }
  }
});

it('what is scraped are processes that serve metrics there', () => {
  const { scrape_configs } = parse(readFileSync(join(deploy, 'prometheus', 'prometheus.yaml'), 'utf8')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[];
  };
  for (const target of scrape_configs.flatMap(({ static_configs }) =>
    static_configs.flatMap(({ targets }) => targets),
  )) {
    const [name, port] = target.split(':');
    assert.equal(compose.services[name!]?.environment?.FRESHET_METRICS_PORT, port, target);
  }
});
