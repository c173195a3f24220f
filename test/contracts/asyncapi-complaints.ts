import { Parser } from '@asyncapi/parser';

/** What the official parser has against a document: errors and warnings. */
export async function complaintsAboutDocument(written: object): Promise<string[]> {
  const { diagnostics, document } = await new Parser().parse(JSON.stringify(written));
  if (document === undefined) throw new Error(JSON.stringify(diagnostics));
  return diagnostics
    .filter(({ code }) => code !== 'asyncapi-latest-version')
    .filter(({ severity }) => ['0', '1'].includes(String(severity)))
    .map(({ code, message, path }) => `${String(code)} ${path.join('.')}: ${message}`);
}
