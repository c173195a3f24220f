import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { codeBlocks, read, ROOT } from '../docs/documents.js';
import { redisUrl } from '../support/redis.js';

// The tests of docs/testing.md, as they stand there. They use what Vitest and Jest have alike.

const folder = join(ROOT, '.cache', `documented-${randomUUID()}`);
mkdirSync(folder, { recursive: true });
beforeAll(() => vi.stubEnv('REDIS_URL', redisUrl));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const compilerOptions = {
  module: ts.ModuleKind.ESNext,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};
/** As they are resolved here: the sources of the library. */
const SOURCES = join(ROOT, 'libs/redis-stream-transport/src');

for (const block of codeBlocks(read('docs/testing.md'), 'ts')) {
  const name = /^\/\/ (\S+)\.ts\n/.exec(block)?.[1] ?? '';
  const { outputText } = ts.transpileModule(block, { compilerOptions });
  const file = join(folder, `${name}.js`);
  writeFileSync(
    file,
    outputText
      .replaceAll("'nestjs-redis-streams/testing'", `'${SOURCES}/testing/index.ts'`)
      .replaceAll("'nestjs-redis-streams'", `'${SOURCES}/index.ts'`),
  );
  // Its tests become those of this suite.
  const suite = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as object;
  expect(suite).toBeDefined();
}

test('all blocks of the page were run', () => {
  expect(codeBlocks(read('docs/testing.md'), 'ts').length).toBeGreaterThan(3);
});
