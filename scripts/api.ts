// Writes the declarations of the package's entries into api/: `npm run api`. With --check it writes nothing
// and exits 1 if one differs.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { API, apiReports, libraryDeclarations } from './api/reports.js';

const wanted = new Map(
  (await apiReports(libraryDeclarations())).map(({ file, text }) => [file, text]),
);
mkdirSync(API, { recursive: true });
const present = new Map(
  readdirSync(API).map((file) => [file, readFileSync(join(API, file), 'utf8')]),
);
for (const file of new Set([...wanted.keys(), ...present.keys()])) {
  const text = wanted.get(file);
  if (text === present.get(file)) continue;
  if (process.argv.includes('--check')) {
    console.error(`api/${file} differs from the sources; if that is meant: npm run api`);
    process.exitCode = 1;
  } else if (text === undefined) rmSync(join(API, file));
  else writeFileSync(join(API, file), text);
}
