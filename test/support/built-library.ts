import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = join(ROOT, 'libs/redis-stream-transport/src');

/**
 * URL of the library's entry as plain JavaScript, for child processes. Built once per state of the
 * sources, into a folder that is named after it, so that test files at the same time share it.
 */
export function builtLibrary(): string {
  const sources = sourceFiles().map((name) => ({
    name,
    text: readFileSync(join(SOURCES, name), 'utf8'),
  }));
  const hash = createHash('sha256');
  for (const { name, text } of sources) hash.update(`${name}\0${text}\0`);
  const folder = join(ROOT, '.cache', 'library', hash.digest('hex').slice(0, 16));
  if (!existsSync(folder)) {
    build(sources, folder);
    sweep(dirname(folder));
  }
  return pathToFileURL(join(folder, 'index.js')).href;
}

function sourceFiles(): string[] {
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .sort();
}

function build(sources: readonly { name: string; text: string }[], folder: string): void {
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    verbatimModuleSyntax: true,
  };
  const unfinished = `${folder}-${randomUUID()}`;
  for (const { name, text } of sources) {
    const file = join(unfinished, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  try {
    renameSync(unfinished, folder);
  } catch {
    // Another test file was faster; what it built is the same.
    rmSync(unfinished, { recursive: true });
  }
}

/** Removes what was built of older states; whoever started from it has long loaded it. */
function sweep(builds: string): void {
  const hourAgo = Date.now() - 3_600_000;
  for (const name of readdirSync(builds)) {
    const { mtimeMs } = statSync(join(builds, name), { throwIfNoEntry: false }) ?? {};
    if (mtimeMs === undefined || mtimeMs > hourAgo) continue;
    rmSync(join(builds, name), { recursive: true, force: true });
  }
}
