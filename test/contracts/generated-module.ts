import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { onTestFinished } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const LIBRARY = join(ROOT, 'libs/redis-stream-transport/src/contracts/index.ts');

/** What the compiler is told, and nothing that makes it milder. */
const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  isolatedModules: true,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  types: ['node'],
  // For the libraries; of a generated file nothing is skipped.
  skipLibCheck: true,
};

/** A folder of the test's own, inside the repository, so that packages are found. */
export function folder(): string {
  const made = join(ROOT, '.cache', `generated-${randomUUID()}`);
  mkdirSync(made, { recursive: true });
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/**
 * What the compiler has against each of these files. Only they are checked; what they import is read as far as
 * they need it.
 */
export function complaintsAbout(files: readonly string[]): string[][] {
  const program = ts.createProgram(files, { ...OPTIONS, noEmit: true, paths: PATHS });
  const wrong = program.getOptionsDiagnostics();
  if (wrong.length > 0) throw new Error(textOf(wrong[0]!));
  return files.map((file) => {
    const source = program.getSourceFile(file);
    return [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ].map(textOf);
  });
}

const textOf = ({ messageText }: ts.Diagnostic): string =>
  ts.flattenDiagnosticMessageText(messageText, '\n');

/** The types of this very state of the sources, whatever was built. */
const PATHS = { 'nestjs-redis-streams/contracts': [LIBRARY] };

/** Runs a TypeScript file as the compiler writes it, on the sources of the library. */
export async function load<T>(file: string, text: string): Promise<T> {
  // On its own the compiler does not look which kind of module the package asks for.
  const compilerOptions = { ...OPTIONS, module: ts.ModuleKind.ESNext, moduleResolution: undefined };
  const { outputText } = ts.transpileModule(text, { compilerOptions });
  const script = file.replace(/\.ts$/, '.js');
  writeFileSync(script, outputText.replace("'nestjs-redis-streams/contracts'", `'${LIBRARY}'`));
  return (await import(/* @vite-ignore */ pathToFileURL(script).href)) as T;
}
