import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Texts of the fenced blocks of a language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\S*)\n([^]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text as string);
}

/** Tables without the padding that prettier gives them. */
export const unpadded = (markdown: string): string =>
  markdown
    .replaceAll(/ *\| */g, ' | ')
    .replaceAll(/-{3,}/g, '---')
    .replaceAll(/^ | $/gm, '');
