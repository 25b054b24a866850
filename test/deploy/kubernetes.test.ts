// deploy/kubernetes, rendered by kustomize as a cluster would be sent it, held against the schemas of everything that is in it, and against
// the program that it runs: settings, commands, ports, addresses of health.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import type { IStatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import type { IHorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import type { IJob } from 'kubernetes-models/batch/v1/Job';
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IConfigMap } from 'kubernetes-models/v1/ConfigMap';
import type { IContainer } from 'kubernetes-models/v1/Container';
import { parseAllDocuments } from 'yaml';
import { readConfig } from '../../app/config.ts';
import { engineReadiness, startEngineHealth } from '../../app/engine-health.ts';
import { plannedTopics } from '../../app/kafka.ts';
import { createFileSchemaSource, createSerdes, sourceTopics } from '../../schemas/index.ts';
import { openApiDocument } from '../../serving/openapi.ts';
import { buildRecommendationTopology } from '../../topology/index.ts';
import { type Resource, schemaFaults } from '../support/kubernetes-schemas.ts';
import { hasProgram, needsProgram } from '../support/requires.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, 'deploy', 'kubernetes');
/** The longest that an engine takes to stop: 5 s for lists on their way, 4 s to leave the group, and a commit. */
const LONGEST_STOP_SECONDS = 15;

type Workload = IDeployment | IStatefulSet | IJob;

function render(path: string): Resource[] {
  const [program, word] = hasProgram('kubectl') ? ['kubectl', 'kustomize'] : ['kustomize', 'build'];
  const text = execFileSync(program!, [word!, join(folder, path)], { encoding: 'utf8', stdio: 'pipe' });
  return parseAllDocuments(text).map((document) => document.toJS() as Resource);
}

describe(
  'deploy/kubernetes',
  hasProgram('kubectl') ? {} : needsProgram('kustomize', 'install it, or kubectl, which has it'),
  () => {
    const scratch = join(root, 'test-results', 'kubernetes');
    after(() => rmSync(scratch, { recursive: true, force: true }));
    const resources = render('overlays/example');
    const all = <T>(kind: string) => resources.filter((resource) => resource.kind === kind) as unknown as T[];
    const workloads = ['Deployment', 'StatefulSet', 'Job'].flatMap((kind) => all<Workload>(kind));
    const podOf = ({ spec }: Workload) => spec!.template.spec!;
    const containersOf = (workload: Workload): IContainer[] => [
      ...(podOf(workload).initContainers ?? []),
      ...podOf(workload).containers,
    ];
    const settings = all<IConfigMap>('ConfigMap').find(({ metadata }) =>
      metadata?.name?.startsWith('freshet-settings'),
    )!;
    /** Of a container, as far as it is written down: what comes from Secrets is not. */
    const environmentOf = (container: IContainer): { [name: string]: string } => ({
      ...settings.data,
      ...Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? 'from a Secret'])),
    });

    test('base and example are what their schemas allow, with no name that is none', async () => {
      for (const path of ['base', 'overlays/example', 'overlays/version-2'])
        assert.deepEqual(await schemaFaults(render(path), scratch), [], path);
    });

    test('a value of the wrong kind and a name that is none would be noticed', async () => {
      const [engine] = all<IStatefulSet>('StatefulSet');
      for (const [wrong, said] of [
        [{ image: 3 }, 'image must be string'],
        [{ imagePullpolicy: 'Always' }, 'imagePullpolicy.* does not exist'],
      ] as const) {
        const copy = structuredClone(engine!);
        Object.assign(copy.spec!.template.spec!.containers[0]!, wrong);
        const faults = await schemaFaults([copy as unknown as Resource], scratch);
        assert.match(faults.join('\n'), new RegExp(`^StatefulSet freshet-engine.*${said}`, 'm'));
      }
    });

    test('every setting is known and can be used', () => {
      for (const workload of workloads)
        for (const container of containersOf(workload))
          assert.doesNotThrow(
            () => readConfig(environmentOf(container)),
            `${workload.metadata?.name} ${container.name}`,
          );
    });

    test('services bring no variables that would be taken for settings', () => {
      for (const workload of workloads)
        assert.equal(podOf(workload).enableServiceLinks, false, workload.metadata?.name);
    });

    test('every container runs a command that there is', () => {
      for (const { args } of workloads.flatMap(containersOf)) {
        const words = args!.slice(0, args!.findIndex((word) => word.startsWith('-')) >>> 0);
        const options = args!.filter((word) => word.startsWith('--'));
        const help = execFileSync(process.execPath, [join(root, 'bin', 'freshet.js'), ...words, '--help'], {
          encoding: 'utf8',
        });
        assert.ok(help.startsWith(`Usage: freshet ${words.join(' ')} `), words.join(' '));
        for (const option of options) assert.ok(help.includes(option), `freshet ${words.join(' ')} ${option}`);
      }
    });

    test('pods run as another user than root, on a read-only root, with no rights', () => {
      for (const workload of workloads) {
        const { securityContext, automountServiceAccountToken } = podOf(workload);
        assert.equal(securityContext?.runAsNonRoot, true);
        assert.equal(securityContext?.seccompProfile?.type, 'RuntimeDefault');
        assert.equal(automountServiceAccountToken, false);
        for (const { name, securityContext: own, resources: limits } of containersOf(workload)) {
          assert.equal(own?.readOnlyRootFilesystem, true, name);
          assert.equal(own?.allowPrivilegeEscalation, false, name);
          assert.deepEqual(own?.capabilities, { drop: ['ALL'] }, name);
          assert.ok(limits?.requests?.memory !== undefined && limits.limits?.memory !== undefined, name);
        }
      }
    });

    test('secrets are named and not written down', () => {
      assert.deepEqual(all('Secret'), []);
      for (const name of Object.keys(settings.data!)) assert.doesNotMatch(name, /PASSWORD|REDIS_URL/);
    });

    test('ports are those that the settings open, and probes ask addresses that are answered', async () => {
      await using health = (await startEngineHealth({ host: '127.0.0.1', healthPort: 0 }, () =>
        engineReadiness(undefined),
      ))!;
      const variables: { readonly [port: string]: string } = {
        health: 'FRESHET_HEALTH_PORT',
        http: 'FRESHET_PORT',
        metrics: 'FRESHET_METRICS_PORT',
      };
      for (const container of workloads.flatMap(containersOf)) {
        const environment = environmentOf(container);
        const ports = new Map((container.ports ?? []).map(({ name, containerPort }) => [name!, containerPort]));
        for (const [name, port] of ports) assert.equal(String(port), environment[variables[name]!], name);
        for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
          if (probe === undefined) continue;
          const { path, port } = probe.httpGet!;
          assert.ok(ports.has(String(port)), `${container.name}: no port ${port}`);
          if (port === 'health') assert.notEqual((await fetch(`${health.url}${path}`)).status, 404, path);
          else if (port === 'http') assert.ok(path! in openApiDocument().paths, path);
          else assert.equal(path, '/metrics');
        }
      }
    });

    test('the image is the one that the overlay names', () => {
      for (const { name, image } of workloads.flatMap(containersOf))
        assert.equal(image, 'ghcr.io/example/freshet:0.1.0', name);
    });

    test('the next version has engines, settings and topics of its own, beside those that run', () => {
      const next = render('overlays/version-2');
      const nameOf = ({ kind, metadata }: Resource) => `${kind} ${metadata.name}`;
      const taken = new Set(resources.map(nameOf));
      assert.deepEqual(
        next.map(nameOf).filter((name) => taken.has(name)),
        [],
      );
      const others = next.filter(({ kind }) => kind !== 'ConfigMap' && kind !== 'KafkaTopic');
      assert.deepEqual(others.map(nameOf).sort(), [
        'Job freshet-setup-v2',
        'PodDisruptionBudget freshet-engine-v2',
        'Service freshet-engine-v2',
        'StatefulSet freshet-engine-v2',
      ]);
      const of = <T>(kind: string, from = next) => from.filter((resource) => resource.kind === kind) as unknown as T[];
      const [config] = of<IConfigMap>('ConfigMap').map(({ data }) => readConfig(data as NodeJS.ProcessEnv));
      assert.equal(config!.version, '2');
      const workloadsOfNext = [...of<Workload>('StatefulSet'), ...of<Workload>('Job')];
      for (const { name, image, envFrom } of workloadsOfNext.flatMap(containersOf)) {
        assert.equal(image, 'ghcr.io/example/freshet:0.2.0', name);
        assert.match(envFrom![0]!.configMapRef!.name!, /^freshet-settings-v2-/, name);
      }
      const isSelected = (selector: Labels, { spec }: Workload) =>
        Object.entries(selector).every(([name, value]) => spec!.template.metadata!.labels![name] === value);
      const [engines] = of<IStatefulSet>('StatefulSet');
      assert.ok(engines!.spec!.replicas! > 1, 'no autoscaler says how many');
      const [budget] = of<IPodDisruptionBudget>('PodDisruptionBudget');
      assert.ok(isSelected(budget!.spec!.selector!.matchLabels!, engines!));
      assert.ok(isSelected(engines!.spec!.selector.matchLabels!, engines!));
      const [running] = all<IStatefulSet>('StatefulSet');
      for (const { spec } of [running!, ...all<IPodDisruptionBudget>('PodDisruptionBudget')])
        assert.ok(!isSelected(spec!.selector!.matchLabels!, engines!));
      const topology = buildRecommendationTopology({
        serdes: createSerdes(createFileSchemaSource()),
        cacheMaxBytes: 0,
        partitions: config!.partitions,
      });
      const topicsOf = (from: Resource[]) => of<Topic>('KafkaTopic', from).map(({ spec }) => spec.topicName);
      const kept = new Set([...topicsOf(resources), ...topicsOf(next)]);
      for (const { name } of plannedTopics(config!, topology)) assert.ok(kept.has(name), name);
    });

    test('what selects pods selects some, and what names a port names one of theirs', () => {
      const templates = workloads.map(({ spec }) => spec!.template.metadata!.labels!);
      const isSelected = (selector: { [name: string]: string }) =>
        templates.some((labels) => Object.entries(selector).every(([name, value]) => labels[name] === value));
      for (const { metadata, spec } of all<IPodDisruptionBudget>('PodDisruptionBudget'))
        assert.ok(isSelected(spec!.selector!.matchLabels!), metadata?.name);
      for (const { metadata, spec } of all<Monitor>('PodMonitor')) {
        assert.ok(isSelected(spec.selector.matchLabels), metadata.name);
        for (const { port } of spec.podMetricsEndpoints) assert.equal(port, 'metrics');
      }
      for (const { spec } of all<Service>('Service')) assert.ok(isSelected(spec.selector));
    });

    test('a stopped pod has the time that it takes, and a rolling restart waits for tasks', () => {
      const [engine] = all<IStatefulSet>('StatefulSet');
      const { terminationGracePeriodSeconds, containers } = podOf(engine!);
      assert.ok(terminationGracePeriodSeconds! > LONGEST_STOP_SECONDS);
      assert.equal((containers[0]!.readinessProbe!.httpGet as { path: string }).path, '/health/ready');
      assert.ok(engine!.spec!.minReadySeconds! > 0);
      assert.equal(engine!.spec!.updateStrategy!.type, 'RollingUpdate');
      const volume = engine!.spec!.volumeClaimTemplates![0]!.metadata!.name;
      const mount = containers[0]!.volumeMounts!.find(({ name }) => name === volume)!;
      // Where the image keeps its data.
      assert.match(
        readFileSync(join(root, 'deploy', 'Dockerfile'), 'utf8'),
        new RegExp(`FRESHET_DATA_DIR=${mount.mountPath}\n`),
      );
    });

    test('autoscalers scale what there is, engines to no more than there are tasks', () => {
      const [scaled] = all<ScaledObject>('ScaledObject');
      const names = workloads.map(({ kind, metadata }) => `${kind} ${metadata!.name}`);
      assert.ok(names.includes(`${scaled!.spec.scaleTargetRef.kind} ${scaled!.spec.scaleTargetRef.name}`));
      const config = readConfig(settings.data as NodeJS.ProcessEnv);
      assert.ok(scaled!.spec.maxReplicaCount <= config.partitions);
      const [trigger] = scaled!.spec.triggers;
      assert.equal(trigger!.metadata.consumerGroup, config.appId);
      assert.equal(trigger!.metadata.bootstrapServers, config.kafkaBrokers);
      for (const { spec } of all<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler'))
        assert.ok(names.includes(`${spec!.scaleTargetRef.kind} ${spec!.scaleTargetRef.name}`));
      const targets = [
        ...all<ScaledObject>('ScaledObject'),
        ...all<IHorizontalPodAutoscaler>('HorizontalPodAutoscaler'),
      ];
      for (const { kind, metadata, spec } of workloads)
        if (
          targets.some(
            (one) => one.spec!.scaleTargetRef.name === metadata!.name && one.spec!.scaleTargetRef.kind === kind,
          )
        )
          assert.ok(!('replicas' in spec!), `each apply would scale ${metadata!.name} back`);
    });

    test("the operator's user may send refused events and settings again", () => {
      const user = all<KafkaUser>('KafkaUser').find(({ metadata }) => metadata.name === 'freshet-operator')!;
      const mayWrite = (topic: string) =>
        user.spec.authorization.acls.some(
          ({ resource, operations }) =>
            resource.type === 'topic' && resource.name === topic && operations.includes('Write'),
        );
      assert.deepEqual(
        sourceTopics.filter((topic) => !mayWrite(topic)),
        [],
      );
    });

    test("the engine's user may read every topic that it reads, and write every topic of its own", () => {
      const config = readConfig(settings.data as NodeJS.ProcessEnv);
      const topology = buildRecommendationTopology({
        serdes: createSerdes(createFileSchemaSource()),
        cacheMaxBytes: 0,
        partitions: config.partitions,
      });
      const user = all<KafkaUser>('KafkaUser').find(({ metadata }) => metadata.name === 'freshet-engine')!;
      for (const { name } of plannedTopics(config, topology)) {
        const rights = user.spec.authorization.acls.filter(
          ({ resource }) =>
            resource.type === 'topic' &&
            (resource.patternType === 'prefix' ? name.startsWith(resource.name) : name === resource.name),
        );
        const operations = new Set(rights.flatMap((right) => right.operations));
        const wanted = name.startsWith(`${config.appId}-`) ? ['Read', 'Write', 'Delete'] : ['Read', 'DescribeConfigs'];
        for (const operation of wanted) assert.ok(operations.has(operation), `${operation} ${name}`);
      }
    });
  },
);

// Of resources that are not Kubernetes' own, what is looked at above.
interface Monitor {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly selector: { readonly matchLabels: { [name: string]: string } };
    readonly podMetricsEndpoints: readonly { readonly port: string }[];
  };
}
type Labels = { readonly [name: string]: string };
interface Topic {
  readonly spec: { readonly topicName: string };
}
interface Service {
  readonly spec: { readonly selector: { [name: string]: string } };
}
interface ScaledObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
    readonly maxReplicaCount: number;
    readonly triggers: readonly { readonly metadata: { readonly [name: string]: string } }[];
  };
}
interface KafkaUser {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly authorization: {
      readonly acls: readonly {
        readonly resource: { readonly type: string; readonly name: string; readonly patternType: string };
        readonly operations: readonly string[];
      }[];
    };
  };
}
