import ts from 'typescript';

const printer = ts.createPrinter({ removeComments: true });

/**
 * A declaration as a report has it: without comments and private members.
 * @param note told of every name in it
 */
export function printed(
  declaration: ts.Declaration,
  isExported: boolean,
  note: (name: ts.Identifier) => void,
): string {
  const statement = statementOf(declaration) ?? declaration;
  const { transformed } = ts.transform(statement, [
    (context) => (root) => {
      const visit = (node: ts.Node): ts.Node | undefined => {
        if (isPrivate(node)) return undefined;
        if (ts.isIdentifier(node)) note(node);
        return shortened(ts.visitEachChild(node, visit, context), context.factory);
      };
      return visit(root) as ts.Node;
    },
  ]);
  const text = printer
    .printNode(ts.EmitHint.Unspecified, transformed[0] as ts.Node, declaration.getSourceFile())
    .replace(/^(?:export )?(?:default )?(?:declare )?/, '');
  const isType = /^(?:interface|type) /.test(text);
  return `${isExported ? 'export ' : ''}${isType ? '' : 'declare '}${text}`;
}

/** The statement at the top of a file that a declaration is; undefined for members, parameters and the like. */
export function statementOf(node: ts.Declaration): ts.Node | undefined {
  if (ts.isVariableDeclaration(node)) {
    const statement = node.parent.parent;
    return ts.isSourceFile(statement.parent) ? statement : undefined;
  }
  return ts.isSourceFile(node.parent) ? node : undefined;
}

function isPrivate(node: ts.Node): boolean {
  if (!ts.isClassElement(node)) return false;
  if (node.name !== undefined && ts.isPrivateIdentifier(node.name)) return true;
  return (ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Private) !== 0;
}

/** A type of another file of ours is listed by its name, so where it stands is left out. */
function shortened(node: ts.Node, factory: ts.NodeFactory): ts.Node {
  if (!ts.isImportTypeNode(node) || node.qualifier === undefined) return node;
  const { argument } = node;
  if (!ts.isLiteralTypeNode(argument) || !ts.isStringLiteral(argument.literal)) return node;
  if (!argument.literal.text.startsWith('.')) return node;
  return factory.createTypeReferenceNode(node.qualifier, node.typeArguments);
}
