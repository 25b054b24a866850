// Holds resources against the schemas of Kubernetes, KEDA, Strimzi and the Prometheus operator, in two ways: the validators that
// their packages were generated with (required fields, kinds of values, patterns), and TypeScript on the same packages' types, which
// refuses names that there are not. A field that is misspelt is no error for the first, and no field for Kubernetes.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: { readonly [name: string]: string } };
}

/** Packages of groups that are not Kubernetes' own. */
const PACKAGES: { readonly [group: string]: string } = {
  'keda.sh': '@kubernetes-models/keda',
  'kafka.strimzi.io': '@kubernetes-models/strimzi-kafka-operator',
  'monitoring.coreos.com': '@kubernetes-models/prometheus-operator',
};
/** Kubernetes' own groups, of which the packages leave out the ending. */
const root = join(import.meta.dirname, '..', '..');

function moduleOf({ apiVersion, kind }: Resource): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0]! : '';
  return `${PACKAGES[group] ?? 'kubernetes-models'}/${apiVersion}/${kind}`;
}

const titleOf = ({ kind, metadata }: Resource) => `${kind} ${metadata.name}`;

/** What is wrong with them, a line each. @param directory is within the checkout, so that packages are found from it. */
export async function schemaFaults(resources: readonly Resource[], directory: string): Promise<string[]> {
  const faults: string[] = [];
  for (const resource of resources) {
    const module = (await import(moduleOf(resource))) as { [kind: string]: new (data: Resource) => Validated };
    try {
      new module[resource.kind]!(resource).validate();
    } catch (error) {
      faults.push(`${titleOf(resource)}: ${(error as Error).message}`);
    }
  }
  return [...faults, ...unknownNames(resources, directory)];
}

interface Validated {
  validate(): void;
}

function unknownNames(resources: readonly Resource[], directory: string): string[] {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'resources.ts');
  // One line each, so that an error's line number tells whose it is.
  const lines = resources.map(
    (resource, i) =>
      `import type { I${resource.kind} as I${i} } from '${moduleOf(resource)}'; export const r${i}: I${i} = ${JSON.stringify(resource)};`,
  );
  writeFileSync(path, lines.join('\n'));
  try {
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--types', '', '--ignoreConfig'];
    execFileSync(join(root, 'node_modules', '.bin', 'tsc'), [...options, path], { encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    const { stdout } = error as { readonly stdout?: string };
    if (stdout === undefined) throw error;
    return stdout
      .trim()
      .split('\n')
      .map((line) => {
        const number = Number(/\((\d+),/.exec(line)?.[1] ?? 0);
        const resource = resources[number - 1];
        return `${resource === undefined ? '' : titleOf(resource)}: ${line.replace(/^.*error /, '')}`;
      });
  }
}
