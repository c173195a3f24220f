import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { enqueue } from '../../libs/redis-stream-transport/src/testing/memory/calling/enqueue.js';
import { Store } from '../../libs/redis-stream-transport/src/testing/memory/store.js';
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

test('the ids of a batch follow each other, though time runs on meanwhile', () => {
  let time = 1000;
  const store = new Store(() => time++, { published: () => {}, changed: () => {} });
  store.setField('incarnation', 'id', 'memory');
  const terms = ['1', '1', '0', 'memory', '9999', '2000', '', '1000', '', '1'];
  const section = ['0', '0', '3', ...['c', '1', 'c', '2', 'c', '3']];
  const keys = ['record', 'incarnation', 'log', 'stream', 'live'];
  const answer = String(enqueue.run(store, { keys, args: [...terms, ...section] }));
  const [, ms] = /^ok \d+ 0 (\d+)-0:3$/.exec(answer) ?? [];
  expect(store.stream('stream')?.get(`${ms}-2`)?.[1]).toEqual(['c', 'c', 'd', '3']);
});
