import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { repository } from '../../tools/repository.js';
import { builtLibrary, program } from '../support/built-library.js';
import { TestService } from '../support/test-service.js';

const NAME = 'nestjs-redis-streams';
const DTO =
  'class-validator and class-transformer must be installed for DTO classes in contracts: npm install class-validator class-transformer';
const SCHEMAS =
  'ajv and ajv-formats must be installed to call services without a contract: npm install ajv ajv-formats';

/** By optional package: what does not work without it, and the line that says so. */
const NEEDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '@msgpack/msgpack': { MessagePack: "Cannot find package '@msgpack/msgpack'" },
  '@opentelemetry/api': {
    traces:
      'traces need the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api',
    'metrics for OpenTelemetry':
      'metrics for OpenTelemetry need @opentelemetry/api: npm install @opentelemetry/api',
  },
  ajv: { 'calls without a contract': SCHEMAS },
  'ajv-formats': { 'calls without a contract': SCHEMAS },
  'class-transformer': { 'DTO classes': DTO },
  'class-validator': { 'DTO classes': DTO },
  piscina: {
    threads: 'threads need the package piscina, which is not installed: npm install piscina',
  },
  'prom-client': {
    'metrics for Prometheus': 'metrics for Prometheus need prom-client: npm install prom-client',
  },
};
const OPTIONAL = Object.keys(NEEDED);

interface Description {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const description = JSON.parse(
  await readFile(join(repository, 'libs/redis-stream-transport/package.json'), 'utf8'),
) as Description;

// Building it takes longer than a test may on a busy machine.
beforeAll(() => void builtLibrary(), 120_000);

it('the optional packages are those of this table', () => {
  const { peerDependenciesMeta } = description;
  const optional = Object.keys(peerDependenciesMeta).filter(
    (name) => peerDependenciesMeta[name]?.optional === true,
  );
  expect(optional.toSorted()).toEqual(OPTIONAL.toSorted());
});

// Nothing is installed beside what the package asks for: no terminus, and no platform for HTTP.
it('with all of them everything works', async () => {
  const found = await featuresWithout();
  expect(Object.keys(found).length).toBeGreaterThan(10);
  expect(new Set(Object.values(found))).toEqual(new Set(['works']));
}, 60_000);

it.each(OPTIONAL)(
  'without %s everything else works, and one line names it',
  async (name) => {
    const found = await featuresWithout(name);
    const lines = NEEDED[name] as Readonly<Record<string, string>>;
    for (const [feature, line] of Object.entries(found)) {
      const expected = lines[feature];
      if (expected === undefined) expect(line, feature).toBe('works');
      else expect(line, feature).toMatch(startOf(expected));
    }
    expect(Object.keys(found)).toEqual(expect.arrayContaining(Object.keys(lines)));
  },
  60_000,
);

it('without any of them all that needs none works', async () => {
  const found = await featuresWithout(...OPTIONAL);
  const missing = Object.keys(found).filter((feature) => found[feature] !== 'works');
  expect(missing.toSorted()).toEqual(
    Object.values(NEEDED).flatMap(Object.keys).filter(unique).toSorted(),
  );
}, 60_000);

/**
 * What the features come to in a folder where a copy of the library is installed, with what it depends on, and without
 * some packages.
 */
async function featuresWithout(...absent: string[]): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'nrs-absent-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const packages = join(folder, 'node_modules');
  const { dependencies, peerDependencies } = description;
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (absent.includes(name)) continue;
    await mkdir(dirname(join(packages, name)), { recursive: true });
    await symlink(join(repository, 'node_modules', name), join(packages, name));
  }
  const own = join(packages, NAME);
  const source = dirname(fileURLToPath(builtLibrary()));
  await cp(source, join(own, 'dist'), { recursive: true });
  await cp(join(repository, 'libs/redis-stream-transport/package.json'), join(own, 'package.json'));
  const main = join(folder, 'features.mjs');
  await cp(program('features'), main);
  const { address } = new TestService();
  const { stdout } = await promisify(execFile)(process.execPath, [main, JSON.stringify(address)], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  return JSON.parse(stdout) as Record<string, string>;
}

/** One line that begins so: what is said of a module that cannot be found goes on with a path. */
const startOf = (text: string): RegExp =>
  new RegExp(`^${text.replaceAll(/[.*+?^$()[\]{}|\\]/g, String.raw`\$&`)}[^\n]*$`);

const unique = <T>(value: T, at: number, all: readonly T[]): boolean => all.indexOf(value) === at;
