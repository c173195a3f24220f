import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { REDIS_STREAMS_ERROR_CODES } from 'nestjs-redis-streams';
import { promisesTable } from '../brokers/promises.js';
import { differencesTable } from '../conformance/differences.js';
import { read, ROOT, unpadded } from './documents.js';

// Lists and tables that people write and programs know are compared here.

const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'RELEASING.md',
  'examples/README.md',
  'chaos/README.md',
  'clients/python/README.md',
  'spec/README.md',
  ...(readdirSync(join(ROOT, 'docs'), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

test('the guide for those who come from Nest lists the differences that the conformance suite expects', () => {
  const [, printed] =
    /<!-- differences:[^>]*-->([^]*?)<!-- \/differences -->/.exec(read('docs/migrating.md')) ?? [];
  expect(unpadded(printed ?? '').trim()).toBe(unpadded(differencesTable()).trim());
});

test('the page about other transports says of each promise what its tests expect', () => {
  const page = read('docs/other-transports.md');
  const [, printed] = /<!-- promises:[^>]*-->([^]*?)<!-- \/promises -->/.exec(page) ?? [];
  expect(unpadded(printed ?? '').trim()).toBe(unpadded(promisesTable()).trim());
  expect(page).toContain(read('test/brokers/kafka-values.ts'));
});

test('pages that count the examples count them right', () => {
  const { length } = [...read('examples/README.md').matchAll(/^## \[/gm)];
  const word = ['eleven', 'twelve', 'thirteen', 'fourteen', 'fifteen', 'sixteen'][length - 11];
  expect(read('docs/README.md')).toContain(`${word} small ones`);
  expect(read('README.md').toLowerCase()).toContain(`[${word} examples]`);
});

test('each file of vectors is described, and run by the tests of this library', () => {
  const files = readdirSync(join(ROOT, 'spec/vectors'));
  const specs = readdirSync(join(ROOT, 'test/spec')).map((file) => read(join('test/spec', file)));
  expect(files.filter((file) => !read('spec/README.md').includes(`| \`${file}\` `))).toEqual([]);
  expect(files.filter((file) => !specs.some((text) => text.includes(`'${file}'`)))).toEqual([]);
});

test('the table of outcomes has a row for each error code', () => {
  const rows = [...read('docs/guarantees.md').matchAll(/^\| ([A-Z_]{5,}) /gm)].map(
    ([, code]) => code,
  );
  expect(rows).toEqual(Object.keys(REDIS_STREAMS_ERROR_CODES));
});

test('the architecture says a sentence about each file of the engine', () => {
  const engine = 'libs/redis-stream-transport/src/engine';
  const files = (readdirSync(join(ROOT, engine), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => file.replaceAll('\\', '/'));
  const described = [
    ...read('docs/architecture.md').matchAll(/^\| `((?:\w+\/)*[\w-]+\.ts)` +\| \S/gm),
  ].map(([, file]) => file);
  expect(described.toSorted()).toEqual(files.toSorted());
});

test('the decision about scripts counts them right', () => {
  const folder = 'libs/redis-stream-transport/src/redis';
  const scripts = (readdirSync(join(ROOT, folder), { recursive: true }) as string[])
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .flatMap((file) => [
      ...read(join(folder, file)).matchAll(/= defineScript\(\{\s*name: '([\w-]+)'/g),
    ])
    .map(([, name]) => name as string);
  const decision = read('docs/decisions/0006-lua-in-typescript-modules.md');
  expect(decision).toContain(`There are ${scripts.length} scripts`);
  for (const name of scripts) expect(decision).toContain(`\`${name}\``);
});

test.each(documents)('the links of %s lead somewhere', (document) => {
  const text = read(document).replaceAll(/^```[^]*?^```$/gm, '');
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target as string)
    .filter((target) => !/^https?:/.test(target))
    .filter((target) => {
      const [file, anchor] = target.split('#') as [string, string?];
      const path = file === '' ? document : join(dirname(document), file);
      if (!existsSync(join(ROOT, path))) return true;
      return anchor !== undefined && !anchorsOf(read(path)).includes(anchor);
    });
  expect(broken).toEqual([]);
});

/** As GitHub makes them of headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
