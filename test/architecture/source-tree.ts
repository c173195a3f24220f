import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** The root of the repository. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The sources of the library. */
export const SOURCES = join(ROOT, 'libs/redis-stream-transport/src');

/** One import, export-from or dynamic import of a file. */
export interface Import {
  readonly specifier: string;
  /** Gone after compilation: `import type`, `export type`, or a type written as `import('…')`. */
  readonly typeOnly: boolean;
}

/** All TypeScript files under a folder that are no specs, relative to it, in order. */
export function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /(?<!\.spec|\.d)\.ts$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(node_modules|dist)\//.test(file))
    .sort();
}

export const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

/** Everything that a source text imports, types included. Only scans the text, which is much faster than to parse it. */
export function specifiersOf(text: string): string[] {
  const { importedFiles } = ts.preProcessFile(text, true, true);
  return [...new Set(importedFiles.map((file) => file.fileName))];
}

/** Everything that a source text imports, found without resolving or type-checking anything. */
export function importsOf(text: string): Import[] {
  const typeOnly = new Set<string>();
  const atRunTime = new Set<string>();
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const named = node.importClause?.namedBindings;
      const onlyTypes =
        node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (named !== undefined &&
          ts.isNamedImports(named) &&
          node.importClause?.name === undefined &&
          named.elements.every((element) => element.isTypeOnly));
      (onlyTypes ? typeOnly : atRunTime).add(textOf(node.moduleSpecifier));
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
      (node.isTypeOnly ? typeOnly : atRunTime).add(textOf(node.moduleSpecifier));
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      typeOnly.add(textOf(node.argument.literal));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // What the pre-processor finds beyond these, such as import() calls, happens at run time.
  return specifiersOf(text).map((specifier) => ({
    specifier,
    typeOnly: typeOnly.has(specifier) && !atRunTime.has(specifier),
  }));
}

function textOf(node: ts.Expression): string {
  return ts.isStringLiteralLike(node) ? node.text : '';
}

/** The text without its comments, in which words may be used freely. */
export function withoutComments(text: string): string {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest);
  return ts.createPrinter({ removeComments: true }).printFile(source);
}
