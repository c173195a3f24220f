import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { APART } from '../apart.js';

const ROOT = join(import.meta.dirname, '../..');
/** Have a project of their own. */
const MODEL = /^test\/model\/(?:model|mutants)\.spec\.ts$/;

it('specs that replace modules run apart from others, and no others do', () => {
  const files = ['test', 'libs/redis-stream-transport/src'].flatMap((folder) =>
    (readdirSync(join(ROOT, folder), { recursive: true }) as string[]).map((name) =>
      join(folder, name),
    ),
  );
  const replacing = files
    .filter((file) => file.endsWith('.spec.ts') && !MODEL.test(file))
    .filter((file) =>
      /\bvi\.(?:mock|doMock|resetModules)\(/.test(readFileSync(join(ROOT, file), 'utf8')),
    );
  expect(replacing.toSorted()).toEqual(APART.toSorted());
});
