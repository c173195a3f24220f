import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';
import { LONG } from '../long.js';

test.each(LONG)('%s is a spec', (file) => {
  expect(existsSync(join(repository, file))).toBe(true);
});
