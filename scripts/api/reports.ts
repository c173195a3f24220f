import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { emitDeclarations, type Declarations } from './declarations.js';
import { reportsOf, type EntryReport } from './report.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIBRARY = join(ROOT, 'libs/redis-stream-transport');

/** Folder of the reports. */
export const API = join(ROOT, 'api');

/** The report of one entry, and what its file is called. */
export interface KeptReport extends EntryReport {
  readonly file: string;
}

/** The entries that the manifest of the package has, in its order. */
const { name: packageName, exports } = JSON.parse(
  readFileSync(join(LIBRARY, 'package.json'), 'utf8'),
) as {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly types: string }>>;
};
const entries = Object.entries(exports).flatMap(([path, target]) => {
  if (typeof target === 'string') return [];
  const name = posix.join(packageName, path);
  return [{ path, name, file: target.types.replace(/^\.\/dist\//, '') }];
});

/** Declarations of the library's sources, as far as its entries lead to them. */
export function libraryDeclarations(): Declarations {
  const files = entries.map(({ file }) => file);
  return emitDeclarations(join(LIBRARY, 'tsconfig.lib.json'), files);
}

/** Reports all entries. */
export async function apiReports(declarations: Declarations): Promise<KeptReport[]> {
  const style = await resolveConfig(join(API, 'index.ts'));
  return Promise.all(
    reportsOf(declarations, entries).map(async ({ entry, text, exported, unexported }, i) => {
      const { path = '.' } = entries[i] ?? {};
      const head = `// What ${entry} exports. Printed by \`npm run api\`, and compared in CI.\n\n`;
      const file = `${path === '.' ? 'index' : path.slice(2)}.api.d.ts`;
      const formatted = await format(head + text, { ...style, parser: 'typescript' });
      return { entry, text: formatted, exported, unexported, file };
    }),
  );
}
