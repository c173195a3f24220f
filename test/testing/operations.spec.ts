import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS } from '../../libs/redis-stream-transport/src/testing/memory/operations.js';
import { read, ROOT } from '../docs/documents.js';

/** What the broker offers: all of the floor `redis`, and what these extras ask for. */
const FOLDERS = ['redis', 'contracts', 'dead-letters'];

test('each script of the floor has an operation in the test broker', () => {
  const names = FOLDERS.flatMap((folder) => {
    const path = join('libs/redis-stream-transport/src', folder);
    return (readdirSync(join(ROOT, path), { recursive: true }) as string[])
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .flatMap((file) => [
        ...read(join(path, file)).matchAll(/= defineScript\(\{\s*name: '([\w-]+)'/g),
      ])
      .map(([, name]) => name as string);
  });
  expect(OPERATIONS.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
});
