// Removes the output folders named as arguments: `node --import tsx scripts/clean.ts libs/a/dist`.
import { rmSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { repository } from '../tools/repository.js';

for (const argument of process.argv.slice(2)) {
  const folder = resolve(repository, argument);
  const inside = !relative(repository, folder).startsWith('..');
  if (!inside || basename(folder) !== 'dist')
    throw new Error(`${argument} is not a "dist" folder of this repository: nothing removed`);
  rmSync(folder, { recursive: true, force: true });
}
