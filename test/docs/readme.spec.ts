import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type INestMicroservice, Logger } from '@nestjs/common';
import ts from 'typescript';
import { onTestFinished } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { uniquePrefix } from '../support/place.js';
import { redisUrl } from '../support/redis.js';
import { codeBlocks, read, ROOT } from './documents.js';

const READMES = ['README.md'];

/** The files of a document's TypeScript blocks: the first line of each names it. */
function filesOf(document: string): [name: string, text: string][] {
  return codeBlocks(read(document), 'ts').map((block) => {
    const name = /^\/\/ (\S+\.ts)\n/.exec(block)?.[1];
    if (name === undefined) throw new Error(`a block of ${document} names no file:\n${block}`);
    return [name, block];
  });
}

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config,
  ts.sys,
  ROOT,
);

/** What the compiler has against files that exist in memory only. */
function complaintsAbout(virtual: ReadonlyMap<string, string>): string[] {
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile, directoryExists } = host;
  host.fileExists = (file) => virtual.has(file) || fileExists(file);
  host.readFile = (file) => virtual.get(file) ?? readFile(file);
  host.directoryExists = (folder) =>
    [...virtual.keys()].some((file) => file.startsWith(`${folder}/`)) ||
    directoryExists?.(folder) === true;
  host.getSourceFile = (file, target, ...more) => {
    const text = virtual.get(file);
    if (text === undefined) return getSourceFile(file, target, ...more);
    return ts.createSourceFile(file, text, target);
  };
  const program = ts.createProgram([...virtual.keys()], { ...options, noEmit: true }, host);
  // Only what these files say: the rest of the repository is checked elsewhere.
  return [...virtual.keys()]
    .map((file) => program.getSourceFile(file))
    .flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ])
    .map(({ file, messageText }) =>
      [file?.fileName, ts.flattenDiagnosticMessageText(messageText, '\n')].join(': '),
    );
}

test('the code of the documents compiles', { timeout: 120_000 }, () => {
  const documents = [
    ...READMES,
    'docs/migrating.md',
    'docs/other-transports.md',
    'docs/contracts.md',
    'docs/dead-letters.md',
    'docs/api.md',
    'docs/codecs.md',
    'docs/testing.md',
    'docs/scaling.md',
  ];
  const files = documents.flatMap((document, i) =>
    filesOf(document).map(([name, text]): [string, string] => [
      join(ROOT, `test/docs/blocks-${i}`, name),
      text,
    ]),
  );
  expect(files.length).toBeGreaterThan(documents.length);
  expect(complaintsAbout(new Map(files))).toEqual([]);
});

test('the README keeps to its length', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(220);
});

test('the README and the index of the documents name every page', () => {
  const pages = readdirSync(join(ROOT, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  );
  expect(pages.filter((name) => !read('README.md').includes(`](docs/${name})`))).toEqual([]);
  // The sidebar of the site is made of it.
  expect(pages.filter((name) => !read('docs/README.md').includes(`](${name})`))).toEqual([]);
});

test('the README installs what the package needs and Nest does not bring', () => {
  const manifest = JSON.parse(read('libs/redis-stream-transport/package.json')) as {
    peerDependencies: Record<string, string>;
    peerDependenciesMeta: Record<string, { optional?: boolean }>;
  };
  // What `nest new` has put there.
  const there = new Set(['@nestjs/common', '@nestjs/core', 'reflect-metadata', 'rxjs']);
  const needed = Object.keys(manifest.peerDependencies)
    .filter((name) => manifest.peerDependenciesMeta[name]?.optional !== true)
    .filter((name) => !there.has(name));
  const [, line] = /npm install (.*)/.exec(read('README.md')) ?? [];
  expect(line?.split(' ').toSorted()).toEqual(['nestjs-redis-streams', ...needed].toSorted());
});

test.each([['README.md', [['solved by Ada'], [6, [1, 2, 3]]]]])(
  'the code of %s does what it says',
  async (document, expected) => {
    const folder = join(ROOT, '.cache', `readme-${randomUUID()}`);
    mkdirSync(folder, { recursive: true });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    // The same code: with the sources of the library, at the Redis of the tests, under keys of its own.
    const changes: [string, string][] = [
      ["url: 'redis://localhost:6379'", `url: '${redisUrl}', prefix: '${uniquePrefix()}'`],
      ["'nestjs-redis-streams'", `'${join(ROOT, 'libs/redis-stream-transport/src/index.ts')}'`],
    ];
    for (const [name, text] of filesOf(document)) {
      let changed = name === 'main.ts' ? `${text}\nexport { app };\n` : text;
      for (const [from, to] of changes) changed = changed.replaceAll(from, to);
      const { outputText } = ts.transpileModule(changed, {
        compilerOptions: { ...options, module: ts.ModuleKind.ESNext, sourceMap: false },
      });
      writeFileSync(join(folder, name.replace(/\.ts$/, '.js')), outputText);
    }
    Logger.overrideLogger(false);
    const said: unknown[][] = [];
    vi.spyOn(console, 'log').mockImplementation((...words) => void said.push(words));
    onTestFinished(() => void vi.restoreAllMocks());
    const load = (name: string): Promise<unknown> =>
      import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);

    const { app } = (await load('main.js')) as { app: INestMicroservice };
    onTestFinished(() => app.close());
    await load('caller.js');
    await eventually(() => expect(said).toEqual(expect.arrayContaining(expected)));
  },
);
