// npm run bench:pages -- FILE … [--at COMMIT]: puts results that were written with `npm run bench -- --aims --json
// FILE` into docs/performance.md, its picture, and docs/benchmark.md.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { repository } from '../../tools/repository.js';
import { readResults } from '../report/read.js';
import { pagesOf } from './pages.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { at: { type: 'string' } },
});
if (positionals.length === 0) throw new Error('which results?');
const present = (file: string) => readFileSync(join(repository, file), 'utf8');
const pages = pagesOf(readResults(positionals), present, values.at);
for (const [file, text] of Object.entries(pages)) {
  const filepath = join(repository, file);
  const config = await resolveConfig(filepath);
  mkdirSync(dirname(filepath), { recursive: true });
  writeFileSync(
    filepath,
    file.endsWith('.md') ? await format(text, { ...config, filepath }) : text,
  );
  console.log(`printed ${file}`);
}
