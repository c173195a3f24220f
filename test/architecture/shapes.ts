import ts from 'typescript';

/** Something in a file that can grow: a function or an interface of hooks. */
export interface Shape {
  /** With the names of what it stands in, such as `Reader.run`. */
  readonly name: string;
  readonly size: number;
}

/** An interface of hooks; its size is without what it extends. */
export interface Hooks extends Shape {
  readonly bases: readonly string[];
}

/** Functions, methods, accessors and constructors by their lines, and by their parameters; hooks by their members. */
export interface Shapes {
  readonly lines: readonly Shape[];
  readonly parameters: readonly Shape[];
  readonly hooks: readonly Hooks[];
}

/** Interfaces by which a part is told what happens in another one. */
const HOOKS = /\w(Hooks|Observer|Owner)$/;

/** Measures a source text without resolving or type-checking anything. */
export function shapesOf(text: string): Shapes {
  const source = ts.createSourceFile('file.ts', text, ts.ScriptTarget.Latest, true);
  const found = { lines: [] as Shape[], parameters: [] as Shape[], hooks: [] as Hooks[] };
  const line = (position: number): number => source.getLineAndCharacterOfPosition(position).line;
  const visit = (node: ts.Node, path: readonly string[]): void => {
    let within = path;
    if (ts.isClassLike(node)) within = [...path, node.name?.text ?? 'class'];
    else if (ts.isInterfaceDeclaration(node) && HOOKS.test(node.name.text)) {
      const bases = node.heritageClauses?.flatMap(({ types }) => types) ?? [];
      found.hooks.push({
        name: node.name.text,
        size: node.members.length,
        bases: bases.map(({ expression }) => expression.getText(source)),
      });
    } else if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
      within = [...path, nameOf(node, source)];
      const name = within.join('.');
      const size = line(node.end) - line(node.getStart(source)) + 1;
      found.lines.push({ name, size });
      found.parameters.push({ name, size: node.parameters.filter(isPassed).length });
    }
    ts.forEachChild(node, (child) => visit(child, within));
  };
  visit(source, []);
  return found;
}

/** `this` is declared like a parameter, and is none. */
function isPassed({ name }: ts.ParameterDeclaration): boolean {
  return !(ts.isIdentifier(name) && name.text === 'this');
}

/** Its own name, or that of what it is assigned to. */
function nameOf(node: ts.SignatureDeclaration, source: ts.SourceFile): string {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const named = node.name ?? (node.parent as { readonly name?: ts.Node }).name;
  return named?.getText(source) ?? 'function';
}
