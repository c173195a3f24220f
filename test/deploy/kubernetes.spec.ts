import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  INSTRUMENT_NAMES,
  prometheusName,
} from '../../libs/redis-stream-transport/src/metrics/instruments.js';
import { CLIENT_TABLE } from '../../libs/redis-stream-transport/src/options/client-options.js';
import { SERVER_TABLE } from '../../libs/redis-stream-transport/src/options/server-options.js';
import { readSettings as clientSettings } from '../../apps/demo-client/src/settings.js';
import { readSettings as serviceSettings } from '../../apps/demo-service/src/settings.js';
import { repository } from '../../tools/repository.js';
import { appOf, documents, onlyDocument, pathsOf } from './manifest.js';

const FOLDER = 'deploy/kubernetes';

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly failureThreshold?: number;
  readonly periodSeconds: number;
}

interface Container {
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: string[] } } };
  readonly resources: {
    readonly requests: Readonly<Record<string, string>>;
    readonly limits: Readonly<Record<string, string>>;
  };
}

/** As far as the tests look into it. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas?: number;
    readonly selector?: {
      readonly matchLabels?: Readonly<Record<string, string>>;
      readonly app?: string;
    };
    readonly template: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations: Readonly<Record<string, string>>;
      };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly Container[];
      };
    };
    readonly scaleTargetRef?: { readonly name: string };
    readonly minReplicaCount?: number;
    readonly triggers?: readonly { readonly metadata: Readonly<Record<string, string>> }[];
    readonly ports?: readonly { readonly targetPort: string }[];
  };
}

const files = readdirSync(join(repository, FOLDER)).filter((name) => name !== 'kustomization.yaml');
const manifests = files.flatMap((name) => documents<Manifest>(join(FOLDER, name)));
const ofKind = (kind: string): Manifest[] => manifests.filter((one) => one.kind === kind);
const deployments = ofKind('Deployment').map((one) => ({ ...one, name: one.metadata.name }));

/** The model of a kind, which knows its schema: the packages have one for each. */
async function modelOf({ apiVersion, kind }: Manifest) {
  const from = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  const models = (await import(`${from}/${apiVersion}/${kind}`)) as Record<
    string,
    new (data: unknown) => { validate(): void }
  >;
  return models[kind] as new (data: unknown) => { validate(): void };
}

test.each(manifests.map((one) => [one.kind, one.metadata.name, one] as const))(
  '%s %s is as its schema says',
  async (_kind, _name, manifest) => {
    const Model = await modelOf(manifest);
    expect(() => new Model(manifest).validate()).not.toThrow();
    const wrong = { ...manifest, metadata: { name: 7 } };
    expect(() => new Model(wrong).validate()).toThrow(/name/);
  },
);

test('the list for kubectl has each file', () => {
  const { resources } = onlyDocument<{ resources: string[] }>(`${FOLDER}/kustomization.yaml`);
  expect(resources.toSorted()).toEqual(files.toSorted());
});

test.skipIf(spawnSync('kubectl', ['version', '--client']).status !== 0)(
  'kubectl joins them',
  () => {
    const { stdout, stderr } = spawnSync('kubectl', ['kustomize', join(repository, FOLDER)], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(stdout.match(/^kind: /gm)).toHaveLength(manifests.length);
  },
);

describe.each(deployments)('$name', ({ name, spec }) => {
  const { terminationGracePeriodSeconds: grace, containers } = spec.template.spec;
  const [container] = containers as readonly [Container];
  const sources = appOf(container.command);
  const isClient = sources.includes('client');

  test('runs an app of this repository, with options and variables that it knows', () => {
    expect(existsSync(join(repository, sources, 'main.ts'))).toBe(true);
    const [map] = ofKind('ConfigMap');
    expect(container.envFrom).toEqual([{ configMapRef: { name: map?.metadata.name } }]);
    const env = {
      ...map?.data,
      ...Object.fromEntries(container.env.map(({ name: key, value }) => [key, value ?? 'secret'])),
    };
    const known = readFileSync(join(repository, sources, 'settings.ts'), 'utf8');
    for (const key of Object.keys(env)) expect(known).toContain(`env['${key}']`);
    const settings = isClient ? clientSettings : serviceSettings;
    const { url, httpPort } = settings([...(container.args ?? [])], env);
    expect(url).toBe('secret');
    expect(container.ports).toEqual([{ name: 'http', containerPort: httpPort }]);
    expect(spec.template.metadata.annotations['prometheus.io/port']).toBe(String(httpPort));
  });

  test('is probed and scraped where it answers', () => {
    const { livenessProbe: live, readinessProbe: ready } = container;
    expect([live.httpGet.path, ready.httpGet.path]).toEqual(['/health/live', '/health/ready']);
    const scraped = spec.template.metadata.annotations['prometheus.io/path'];
    expect(pathsOf(sources)).toEqual(
      expect.arrayContaining([live.httpGet.path, ready.httpGet.path, scraped]),
    );
    for (const { httpGet } of [live, ready]) expect(httpGet.port).toBe('http');
    // What stands still for a lease must not be restarted for that.
    const patience = live.periodSeconds * (live.failureThreshold ?? 3) * 1000;
    expect(patience).toBeGreaterThan(SERVER_TABLE.leaseTtl.default);
  });

  test('has the time to end that it needs', () => {
    const wait = Number(container.lifecycle?.preStop.exec.command[1] ?? 0) * 1000;
    const open = isClient ? CLIENT_TABLE.timeout.default : SERVER_TABLE.drainTimeout.default;
    expect(grace * 1000).toBeGreaterThanOrEqual(wait + open + 10_000);
    // Who takes HTTP is found by others for a moment; who pulls its work is not.
    expect(wait > 0).toBe(isClient);
  });

  test('is bounded in memory, and is not throttled', () => {
    const { requests, limits } = container.resources;
    expect(Object.keys(requests).toSorted()).toEqual(['cpu', 'memory']);
    expect(Object.keys(limits)).toEqual(['memory']);
  });

  test('is one of its own labels', () => {
    expect(spec.selector?.matchLabels).toEqual({ app: name });
    expect(spec.template.metadata.labels).toEqual({ app: name });
  });
});

test('what has more than one instance loses one at a time when nodes are emptied', () => {
  const guarded = ofKind('PodDisruptionBudget').map(({ metadata }) => metadata.name);
  const many = deployments.filter(({ spec }) => spec.replicas !== 1).map(({ name }) => name);
  expect(guarded.toSorted()).toEqual(many.toSorted());
});

test('the gateway alone is found by others', () => {
  expect(ofKind('Service').map(({ metadata }) => metadata.name)).toEqual(['gateway']);
  const [service] = ofKind('Service');
  expect(service?.spec.ports?.map(({ targetPort }) => targetPort)).toEqual(['http']);
});

test('it scales by metrics that there are, of the group that the service has, and never to nothing', () => {
  const [scaled] = ofKind('ScaledObject') as [Manifest];
  const target = deployments.find(({ name }) => name === scaled.spec.scaleTargetRef?.name);
  // KEDA says how many: who says it too works against it.
  expect(target?.spec.replicas).toBeUndefined();
  expect(scaled.spec.minReplicaCount).toBeGreaterThan(1);
  const known = new Set(INSTRUMENT_NAMES.map(prometheusName));
  const [container] = target?.spec.template.spec.containers ?? [];
  const group = container?.args?.[container.args.indexOf('--group') + 1];
  for (const { metadata } of scaled.spec.triggers ?? []) {
    const { query = '', threshold } = metadata;
    const used = [...query.matchAll(/nestjs_redis_streams_\w+/g)].map(([name]) => name);
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) expect(known).toContain(name);
    for (const [, said] of query.matchAll(/group="([^"]*)"/g)) expect(said).toBe(group);
    expect(Number(threshold)).toBe(SERVER_TABLE.concurrency.default / 2);
  }
});
