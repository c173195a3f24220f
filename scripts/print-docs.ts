// Prints the pages of docs/ and the files of deploy/ that are made from tables: `npm run docs`. With --check it writes nothing and
// exits 1 if a page differs from its tables.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, relative } from 'node:path';
import { repository } from '../tools/repository.js';
import { printPages } from './docs-pages.js';
import { leftLuaFiles } from './lua-files.js';

const check = process.argv.includes('--check');
const pages = await printPages();
for (const { path, text } of pages) {
  const present = await readFile(path, 'utf8').catch(() => undefined);
  if (present === text) continue;
  if (check) {
    console.error(`${relative(repository, path)} differs from its tables; run: npm run docs`);
    process.exitCode = 1;
  } else {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    console.log(`printed ${relative(repository, path)}`);
  }
}
for (const path of leftLuaFiles(pages)) {
  if (check) {
    console.error(`${relative(repository, path)} belongs to no script; run: npm run docs`);
    process.exitCode = 1;
  } else await rm(path);
}
