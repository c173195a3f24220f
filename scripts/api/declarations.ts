import { posix } from 'node:path';
import ts from 'typescript';

/** Texts of declaration files by path, relative to the folder of the sources. */
export type Declarations = ReadonlyMap<string, string>;

/**
 * The declarations of some sources and of all that these import in turn, as the build of the package writes
 * them: what is marked `@internal` is not in them. Takes some seconds: types are inferred.
 *
 * @param config path of the `tsconfig` of the build
 * @param files declaration files to begin with, relative to the folder of the sources
 */
export function emitDeclarations(config: string, files: readonly string[]): Declarations {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, host);
  if (parsed === undefined) throw new Error(`cannot read ${config}`);
  const options = { ...parsed.options, emitDeclarationOnly: true };
  const sourceOf = (file: string): string =>
    posix.join(options.rootDir ?? '', file.replace(/\.d\.ts$/, '.ts'));
  const program = ts.createProgram(files.map(sourceOf), options);
  const found = new Map<string, string>();
  const wanted = new Set(files);
  // Grows while it is walked.
  for (const file of wanted) {
    const source = program.getSourceFile(sourceOf(file));
    if (source === undefined) throw new Error(`${file} has no source`);
    const write: ts.WriteFileCallback = (_name, text) => {
      found.set(file, text);
      for (const { fileName } of ts.preProcessFile(text).importedFiles) {
        if (fileName.startsWith('.')) wanted.add(besides(file, fileName));
      }
    };
    program.emit(source, write, undefined, true);
  }
  return found;
}

/** The declaration file that an import in another one leads to. */
function besides(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.d.ts');
}

function fail(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}

/** A program over declarations alone: names of packages are left unresolved. */
export function programOf(declarations: Declarations): ts.Program {
  const sources = new Map(
    [...declarations].map(([file, text]) => [
      `/${file}`,
      ts.createSourceFile(`/${file}`, text, ts.ScriptTarget.ES2023, true),
    ]),
  );
  const options: ts.CompilerOptions = { noLib: true, types: [], noEmit: true };
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost(options),
    getSourceFile: (name) => sources.get(name),
    fileExists: (name) => sources.has(name),
    readFile: (name) => sources.get(name)?.text,
    getCurrentDirectory: () => '/',
    resolveModuleNameLiterals: (literals, from) =>
      literals.map(({ text }) => {
        const target = besides(from, text);
        if (!text.startsWith('.') || !sources.has(target)) return { resolvedModule: undefined };
        return { resolvedModule: { resolvedFileName: target, extension: ts.Extension.Dts } };
      }),
  };
  return ts.createProgram([...sources.keys()], options, host);
}
