import ts from 'typescript';
import { programOf, type Declarations } from './declarations.js';
import { printed, statementOf } from './print-declaration.js';

/** One entry of the package: as users import it, and its declaration file, relative to the sources. */
export interface Entry {
  readonly name: string;
  readonly file: string;
}

/** What users can name through one entry of the package, and what these declarations name in turn. */
export interface EntryReport {
  readonly entry: string;
  /** Exported declarations first, then those that they name; each part sorted. */
  readonly text: string;
  readonly exported: readonly string[];
  /** What the declarations name although no entry exports it. */
  readonly unexported: readonly string[];
}

/**
 * Reports entries: their exports and everything that their declarations name, without comments and private
 * members. Where a file stands makes no difference; a name that is gone or has another type does. What
 * another entry exports is imported from there.
 */
export function reportsOf(declarations: Declarations, entries: readonly Entry[]): EntryReport[] {
  const program = programOf(declarations);
  const checker = program.getTypeChecker();
  const all = entries.map(({ name, file }) => {
    const source = program.getSourceFile(`/${file}`);
    const module = source && checker.getSymbolAtLocation(source);
    if (module === undefined) throw new Error(`${file} has no exports`);
    const exports = checker.getExportsOfModule(module);
    return { name, exports: new Map(exports.map((one) => [meant(checker, one), one.name])) };
  });
  return all.map((entry) => {
    const others = new Map(
      all
        .filter((one) => one !== entry)
        .flatMap(({ name, exports }) =>
          [...exports].map(([symbol, exported]) => [symbol, { name, exported }] as const),
        ),
    );
    return new Report(checker, entry.name, entry.exports, others).made();
  });
}

interface Elsewhere {
  readonly name: string;
  readonly exported: string;
}

class Report {
  private readonly imports = new Map<string, Set<string>>();
  private readonly named: Set<ts.Symbol>;

  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly entry: string,
    private readonly exports: ReadonlyMap<ts.Symbol, string>,
    private readonly others: ReadonlyMap<ts.Symbol, Elsewhere>,
  ) {
    this.named = new Set(exports.keys());
  }

  made(): EntryReport {
    // It grows while it is walked: what a declaration names is looked at in turn.
    const found = Array.from(this.named, (symbol) => {
      const exported = this.exports.get(symbol);
      const parts = (symbol.declarations ?? []).map((node) =>
        printed(node, exported === symbol.name, (name) => this.note(name)),
      );
      if (exported !== undefined && exported !== symbol.name) {
        parts.push(`export { ${symbol.name} as ${exported} };`);
      }
      return { name: exported ?? symbol.name, isExported: exported !== undefined, parts };
    });
    const sorted = found.toSorted(
      (one, other) => compare(one.name, other.name) || compare(one.parts[0], other.parts[0]),
    );
    const exported = sorted.filter(({ isExported }) => isExported);
    const unexported = sorted.filter(({ isExported }) => !isExported);
    const texts = [...exported, ...unexported].flatMap(({ parts }) => parts);
    texts.splice(exported.flatMap(({ parts }) => parts).length, 0, ...this.divider(unexported));
    return {
      entry: this.entry,
      text: [this.importLines(), ...texts].join('\n\n'),
      exported: exported.map(({ name }) => name),
      unexported: unexported.map(({ name }) => name),
    };
  }

  private divider(unexported: readonly unknown[]): string[] {
    return unexported.length === 0 ? [] : ['// Named above, and not exported.'];
  }

  /** Takes a note of what a name in a declaration stands for. */
  private note(name: ts.Identifier): void {
    const symbol = this.checker.getSymbolAtLocation(name);
    const [declaration] = symbol?.declarations ?? [];
    if (symbol === undefined || declaration === undefined) return;
    const from = packageOf(declaration);
    if (from !== undefined) {
      this.import(from, name.text);
      return;
    }
    const target = meant(this.checker, symbol);
    const elsewhere = this.others.get(target);
    if (elsewhere !== undefined && !this.exports.has(target)) {
      this.import(elsewhere.name, elsewhere.exported);
    } else if (target.declarations?.some((node) => statementOf(node) !== undefined) === true) {
      this.named.add(target);
    }
  }

  private import(from: string, name: string): void {
    this.imports.set(from, (this.imports.get(from) ?? new Set()).add(name));
  }

  private importLines(): string {
    return [...this.imports]
      .toSorted(([one], [other]) => compare(one, other))
      .map(([from, names]) => [from, [...names].sort(compare).join(', ')])
      .map(([from, names]) => `import type { ${names} } from '${from}';`)
      .join('\n');
  }
}

/** What an export or an import leads to. */
function meant(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** The package that something is imported from. */
function packageOf(declaration: ts.Declaration): string | undefined {
  let node: ts.Node = declaration;
  while (!ts.isImportDeclaration(node)) {
    if (ts.isSourceFile(node)) return undefined;
    node = node.parent;
  }
  const { text } = node.moduleSpecifier as ts.StringLiteral;
  return text.startsWith('.') ? undefined : text;
}

/** By code points, on every machine alike. */
function compare(one = '', other = ''): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
