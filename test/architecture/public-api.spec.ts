import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import * as root from 'nestjs-redis-streams';
import ts from 'typescript';
import { allows, isCore } from './floors.js';
import { importsOf, read, ROOT, SOURCES } from './source-tree.js';

const LIBRARY = join(ROOT, 'libs/redis-stream-transport');

/** Everything that the root entry exports at run time; one more is a promise for years. */
const VALUES = [
  'ClientRedisStreams',
  'DeadLetter',
  'REDIS_STREAMS',
  'REDIS_STREAMS_ERROR_CODES',
  'RedisStreamsBatchContext',
  'RedisStreamsContext',
  'RedisStreamsError',
  'RedisStreamsModule',
  'RedisStreamsRecord',
  'RedisStreamsRecordBuilder',
  'RetryLater',
  'ServerRedisStreams',
];

/** Types that a user needs to write down options and to handle errors. */
const TYPES = [
  'CallOutcome',
  'HandlerExtras',
  'RecordOptions',
  'RedisStreamsClientOptions',
  'RedisStreamsErrorCode',
  'RedisStreamsServerOptions',
  'RetryPolicy',
  'WhenNoConsumer',
];

interface Manifest {
  exports: Record<string, string | { types: string; default: string }>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}
const manifest = JSON.parse(read(LIBRARY, 'package.json')) as Manifest;

/** The names that the root entry exports, by whether they are only types. */
function rootExports(): { values: string[]; types: string[]; stars: string[] } {
  const found = { values: [] as string[], types: [] as string[], stars: [] as string[] };
  const text = read(SOURCES, 'index.ts');
  for (const statement of ts.createSourceFile('index.ts', text, ts.ScriptTarget.Latest)
    .statements) {
    if (!ts.isExportDeclaration(statement)) continue;
    const { exportClause } = statement;
    if (!exportClause || !ts.isNamedExports(exportClause)) {
      found.stars.push(text.slice(statement.pos, statement.end).trim());
      continue;
    }
    for (const element of exportClause.elements) {
      const isType = statement.isTypeOnly || element.isTypeOnly;
      (isType ? found.types : found.values).push(element.name.text);
    }
  }
  return found;
}

it('exports from the root exactly what is promised', () => {
  const { values, types, stars } = rootExports();
  expect(stars).toEqual([]);
  expect(values.toSorted()).toEqual(VALUES);
  expect(types).toEqual(expect.arrayContaining(TYPES));
  expect(Object.keys(root).toSorted()).toEqual(VALUES);
});

it('needs for the root entry no package that a user may not have', () => {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const follow = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    // Types count too: a compiler that checks the declarations looks for their packages.
    for (const { specifier } of importsOf(read(SOURCES, file))) {
      if (!specifier.startsWith('.')) packages.add(specifier);
      else follow(posix.join(posix.dirname(file), specifier.replace(/\.js$/, '.ts')));
    }
  };
  follow('index.ts');
  const required = Object.keys(manifest.peerDependencies).filter(
    (name) => manifest.peerDependenciesMeta?.[name]?.optional !== true,
  );
  expect([...packages].filter((name) => !allows([...required, 'node:'], name))).toEqual([]);
  expect([...seen].filter((file) => !isCore(file))).toEqual([]);
});

it('resolves every entry in this workspace to the sources of what is shipped', () => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => read(file)) as {
    config: { compilerOptions: { paths: Record<string, string[]> } };
  };
  const shipped = Object.entries(manifest.exports).flatMap(([entry, target]) => {
    if (typeof target === 'string') return [];
    expect(target.types).toBe(target.default.replace(/\.js$/, '.d.ts'));
    const source = target.default.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts');
    expect(existsSync(join(SOURCES, source)), source).toBe(true);
    const path = `./libs/redis-stream-transport/src/${source}`;
    return [[posix.join('nestjs-redis-streams', entry), [path]]];
  });
  // Names with a hash are this repository's own.
  const paths = Object.entries(config.compilerOptions.paths).filter(
    ([name]) => !name.startsWith('#'),
  );
  expect(Object.fromEntries(paths)).toEqual(Object.fromEntries(shipped));
});
