// TypeScript as plain JavaScript, for processes whose start is counted or measured: they need no loader then.
// File by file, by the compiler that builds the library, so that modules stay what they are. Node's own
// `--experimental-strip-types` would do the same, but Node 20 does not have it.
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type * as Compiler from 'typescript';
import { cache, repository } from './repository.js';

/** The folder `tools`, and what it has from the library. */
export const TOOLS: readonly string[] = [
  'tools',
  'libs/redis-stream-transport/src/testing/redis-server',
];

/** Milliseconds after its last use after which a copy is removed. */
const KEPT = 86_400_000;
const LEFT_OUT = /(?:\.spec|\.d)\.ts$|(?:^|\/)(?:node_modules|dist|\.cache)\//;

interface Source {
  /** Relative to the repository. */
  readonly name: string;
  readonly text: string;
}

/**
 * Copies folders of the repository without their types. The copy has the paths of the repository, and is made once
 * per state of the sources, in a folder that is named after it. What is in it is never changed.
 *
 * @param folders relative to the repository; they must have all that is imported by a relative path
 * @param into where copies are kept: packages are looked for from there upward
 * @returns the folder of the copy
 */
export function stripTypes(
  folders: readonly string[],
  into: string = join(cache, 'plain'),
): string {
  const sources = folders.flatMap(sourcesIn);
  const hash = createHash('sha256');
  for (const { name, text } of sources) hash.update(`${name}\0${text}\0`);
  const copy = join(into, hash.digest('hex').slice(0, 16));
  if (existsSync(copy)) {
    const now = new Date();
    utimesSync(copy, now, now);
    return copy;
  }
  write(sources, copy);
  sweep(into);
  return copy;
}

function sourcesIn(folder: string): Source[] {
  const names = readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => name.endsWith('.ts') && !LEFT_OUT.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(repository, name), 'utf8') }));
}

function write(sources: readonly Source[], copy: string): void {
  // Loaded only here: it takes half a second, and a copy is made seldom.
  const ts = createRequire(import.meta.url)('typescript') as typeof Compiler;
  const compilerOptions: Compiler.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    verbatimModuleSyntax: true,
  };
  const unfinished = `${copy}-${randomUUID()}`;
  mkdirSync(unfinished, { recursive: true });
  writeFileSync(join(unfinished, 'package.json'), '{ "type": "module" }\n');
  for (const { name, text } of sources) {
    const file = join(unfinished, name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, ts.transpileModule(text, { compilerOptions }).outputText);
  }
  try {
    renameSync(unfinished, copy);
  } catch {
    // Another process was faster; what it made is the same.
    rmSync(unfinished, { recursive: true });
  }
}

/** Removes copies that nobody has used for a while. */
function sweep(into: string): void {
  for (const name of readdirSync(into)) {
    const { mtimeMs } = statSync(join(into, name), { throwIfNoEntry: false }) ?? {};
    if (mtimeMs === undefined || Date.now() - mtimeMs < KEPT) continue;
    rmSync(join(into, name), { recursive: true, force: true });
  }
}
