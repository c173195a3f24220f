// Removes the output folders named as arguments: `node scripts/clean.mjs libs/a/dist`.
import { rmSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';

const repository = join(import.meta.dirname, '..');

for (const argument of process.argv.slice(2)) {
  const folder = resolve(repository, argument);
  const inside = !relative(repository, folder).startsWith('..');
  if (!inside || basename(folder) !== 'dist')
    throw new Error(`${argument} is not a "dist" folder of this repository: nothing removed`);
  rmSync(folder, { recursive: true, force: true });
}
