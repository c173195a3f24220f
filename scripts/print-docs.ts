// Prints docs/options.md, docs/errors.md and docs/metrics.md: `npm run docs`. With --check it writes nothing and
// exits 1 if a page differs from its tables.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { printPages } from './docs-pages.js';

const check = process.argv.includes('--check');
for (const { path, text } of await printPages()) {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === text) continue;
  if (check) {
    console.error(`docs/${basename(path)} differs from its tables; run: npm run docs`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`printed docs/${basename(path)}`);
  }
}
