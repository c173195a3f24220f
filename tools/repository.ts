// Finds the root of the repository by looking upward, so that a stripped copy of a file under `.cache` finds it
// too (see strip-types.ts).
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const repository = rootAbove(import.meta.dirname);

function rootAbove(folder: string): string {
  if (existsSync(join(folder, 'nest-cli.json'))) return folder;
  const above = dirname(folder);
  if (above === folder) throw new Error('this file is not inside the repository');
  return rootAbove(above);
}

/** Where generated files go that are worth keeping; not under version control. */
export const cache = join(repository, '.cache');
