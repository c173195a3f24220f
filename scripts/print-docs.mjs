// Prints docs/options.md and docs/errors.md: `npm run docs`. With --check it writes nothing and
// exits 1 if a page differs from its tables.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { printPages } from './docs-pages.mjs';

const sources = fileURLToPath(new URL('../libs/redis-stream-transport/src/', import.meta.url));

/**
 * Floor 0 imports nothing at run time, so stripping its types is all the build that the tables
 * need; a build that is out of date could print what is no longer true.
 */
async function loadTables() {
  const folder = await mkdtemp(join(tmpdir(), 'nrs-docs-'));
  try {
    const files = ['errors.ts', 'thrown.ts'];
    for (const floor of ['options', 'protocol']) {
      await mkdir(join(folder, floor));
      for (const file of await readdir(join(sources, floor))) files.push(join(floor, file));
    }
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    for (const file of files) {
      if (file.endsWith('.spec.ts')) continue;
      const { outputText } = ts.transpileModule(await readFile(join(sources, file), 'utf8'), {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      await writeFile(join(folder, file.replace(/\.ts$/, '.js')), outputText);
    }
    const load = (file) => import(pathToFileURL(join(folder, file)).href);
    const { SERVER_TABLE: server } = await load('options/server-options.js');
    const { CLIENT_TABLE: client } = await load('options/client-options.js');
    const { EXTRAS_TABLE: extras } = await load('options/handler-extras.js');
    const { RECORD_TABLE: record } = await load('options/record-options.js');
    const { RETRY_TABLE: retry } = await load('options/retry-policy.js');
    const { RETENTION_TABLE: retention } = await load('options/retention.js');
    const { TARGET_TABLE: target } = await load('options/redis-target.js');
    const rules = await load('options/redis-options.js');
    const ioredis = {
      passed: rules.PASSED_REDIS_OPTIONS,
      refused: rules.REFUSED_REDIS_OPTIONS,
      passedCluster: rules.PASSED_CLUSTER_OPTIONS,
      refusedCluster: rules.REFUSED_CLUSTER_OPTIONS,
    };
    const { REDIS_STREAMS_ERROR_CODES: codes } = await load('errors.js');
    return { server, client, extras, record, retry, retention, target, ioredis, codes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const check = process.argv.includes('--check');
for (const { path, text } of await printPages(await loadTables())) {
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
