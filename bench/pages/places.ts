// Places of a document that are printed: from `<!-- name: … -->` to `<!-- /name -->`.

/** @throws Error if the document has no such place */
export function withPlace(document: string, name: string, content: string): string {
  const begin = document.indexOf(`<!-- ${name}: `);
  const end = document.indexOf(`<!-- /${name} -->`);
  const from = document.indexOf('-->', begin) + '-->'.length;
  if (begin === -1 || end < from) throw new Error(`the document has no place for ${name}`);
  return `${document.slice(0, from)}\n\n${content}\n\n${document.slice(end)}`;
}
