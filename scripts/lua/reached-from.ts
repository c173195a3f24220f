import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The files that these files import, directly or on some way, and these files. Imports of types do not count. */
export function reachedFrom(files: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const todo = [...files];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    if (reached.has(file) || !existsSync(file)) continue;
    reached.add(file);
    const imports = /^(?:import|export)\s+(?!type\b)[^;]*?from '(\.[^']+)'/gms;
    for (const [, path = ''] of readFileSync(file, 'utf8').matchAll(imports)) {
      todo.push(join(dirname(file), path.replace(/\.js$/, '.ts')));
    }
  }
  return reached;
}
