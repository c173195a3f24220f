// `npm run package:check`: packs the library as `npm publish` would, and checks the tarball, because users
// install that and not this repository. Needs a build.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { repository } from '../tools/repository.js';
import { packedFiles } from './package-files.js';

const workspace = 'libs/redis-stream-transport';
const page = ['index.html', 'app.js', 'app.css', 'icon.svg', 'licences.txt'];
const required = [
  'package.json',
  'dist/index.js',
  'dist/index.d.ts',
  'scripts/manifest.json',
  'scripts/enqueue.lua',
  ...page.map((name) => `dist/dashboard/page/${name}`),
  ...packedFiles(),
];
/** Files that only development needs. None of them may be in the tarball. */
const unwanted = /(^|\/)(src|test|node_modules)\/|\.spec\.|\.tsbuildinfo$/;

const folder = mkdtempSync(join(tmpdir(), 'nrs-package-'));
try {
  const { filename, files, size } = pack();
  const tarball = join(folder, filename);
  const problems = [
    ...contentProblems(files.map(({ path }) => path)),
    ...linkProblems(),
    ...mapProblems(files.map(({ path }) => path)),
    ...toolProblems('publint', ['run', tarball, '--strict']),
    // The package is ESM. `require` gets a module on purpose; this works from Node 20.19 on.
    ...toolProblems('attw', [tarball, '--ignore-rules', 'cjs-resolves-to-esm']),
    ...consumerProblems(tarball),
  ];
  for (const problem of problems) console.error(`package: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${filename}: ${files.length} files, ${Math.ceil(size / 1024)} KiB, all good`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** What `npm pack` reports about a tarball. */
interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string }[];
}

function pack(): Packed {
  const args = ['pack', '--json', '--workspace', workspace, '--pack-destination', folder];
  const report = JSON.parse(
    execFileSync('npm', args, { cwd: repository, encoding: 'utf8' }),
  ) as Record<string, Packed>;
  // One report per package: a list, or from npm 12 on an object keyed by name.
  return Object.values(report)[0] as Packed;
}

function contentProblems(paths: readonly string[]): string[] {
  const missing = required.filter((path) => !paths.includes(path));
  const extra = paths.filter((path) => unwanted.test(path));
  return [
    ...missing.map((path) => `${path} is missing from the tarball`),
    ...extra.map((path) => `${path} does not belong into the tarball`),
  ];
}

/** Relative links of what is packed lead to something that is packed. */
function linkProblems(): string[] {
  const packed = new Set(packedFiles());
  return [...packed]
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) => {
      const text = readFileSync(join(repository, workspace, file), 'utf8');
      return [...text.matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)]
        .map(([, path]) => posix.normalize(posix.join(posix.dirname(file), path as string)))
        .filter((target) => !packed.has(target))
        .map((target) => `${file} links to ${target}, which is not packed`);
    });
}

/** A source map must contain its sources, because the sources themselves are not packed. */
function mapProblems(paths: readonly string[]): string[] {
  return paths
    .filter((path) => path.endsWith('.map'))
    .filter((path) => {
      const map = JSON.parse(readFileSync(join(repository, workspace, path), 'utf8')) as {
        sources: string[];
        sourcesContent?: string[];
      };
      return map.sourcesContent?.length !== map.sources.length;
    })
    .map((path) => `${path} does not hold its sources`);
}

/** Every entry has types in a project, for each way to resolve modules. */
function consumerProblems(tarball: string): string[] {
  const { exports } = JSON.parse(
    readFileSync(join(repository, workspace, 'package.json'), 'utf8'),
  ) as { exports: Readonly<Record<string, string | object>> };
  const entries = Object.entries(exports)
    .filter(([, target]) => typeof target !== 'string')
    .map(([entry]) => posix.join('nestjs-redis-streams', entry));
  const project = join(folder, 'consumer');
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'nestjs-redis-streams'), { recursive: true });
  const strip = ['--strip-components=1', '-C', join(modules, 'nestjs-redis-streams')];
  execFileSync('tar', ['-xzf', tarball, ...strip]);
  for (const name of [
    '@nestjs',
    '@types',
    '@msgpack',
    '@opentelemetry',
    'ioredis',
    'rxjs',
    'reflect-metadata',
    'class-validator',
    'class-transformer',
  ]) {
    const target = join(repository, 'node_modules', name);
    if (existsSync(target)) symlinkSync(target, join(modules, name));
  }
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  const source = entries.map(
    (entry, i) =>
      `import * as e${i} from '${entry}';\nexport const k${i}: keyof typeof e${i} = Object.keys(e${i})[0] as keyof typeof e${i};\n`,
  );
  writeFileSync(join(project, 'main.ts'), source.join(''));
  const resolved = [
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['bundler', 'esnext'],
    ['node10', 'esnext'],
  ].flatMap(([moduleResolution = '', module = '']) => {
    const args = ['--skipLibCheck', '--module', module, '--moduleResolution', moduleResolution];
    // TypeScript 6 calls this deprecated. It is tested for projects that have not changed yet.
    if (moduleResolution === 'node10') args.push('--ignoreDeprecations', '6.0');
    const { status, stdout } = compile(project, args);
    return status === 0 ? [] : [`no types with moduleResolution ${moduleResolution}:\n${stdout}`];
  });
  // Declarations that are left out as internal must not be missed. Declarations of other packages are not
  // checked.
  const ours = compile(project, ['--module', 'nodenext'])
    .stdout.split('\n')
    .filter((line) => line.startsWith('node_modules/nestjs-redis-streams/'));
  return [...resolved, ...ours];
}

function compile(project: string, options: readonly string[]) {
  const tsc = join(repository, 'node_modules', '.bin', 'tsc');
  const args = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node', ...options];
  return spawnSync(tsc, [...args, 'main.ts'], { cwd: project, encoding: 'utf8' });
}

function toolProblems(tool: string, args: readonly string[]): string[] {
  const bin = join(repository, 'node_modules', '.bin', tool);
  const { status, error } = spawnSync(bin, args, { cwd: folder, stdio: 'inherit' });
  return status === 0 ? [] : [`${tool} found problems (${error ?? `exit code ${status}`})`];
}
