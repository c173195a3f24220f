// What VitePress does not check: anchors, and whether diagrams can be drawn.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Window } from 'happy-dom';
import { PAGES } from './pages.js';

/** @throws Error that lists each link whose anchor is not on its page. */
export function checkAnchors(built: string): void {
  const pages = (readdirSync(built, { recursive: true }) as string[])
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html'));
  const text = new Map(pages.map((name) => [name, readFileSync(join(built, name), 'utf8')]));
  const ids = new Map<string, Set<string>>();
  const idsOf = (page: string): Set<string> => {
    const found =
      ids.get(page) ??
      new Set([...(text.get(page) ?? '').matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id!));
    ids.set(page, found);
    return found;
  };
  const broken = [...text].flatMap(([page, html]) =>
    [...html.matchAll(/\shref="([^"#:]*)#([^"]+)"/g)]
      .map(([, path, anchor]) => ({
        page,
        target: path === '' ? page : pageOf(posix.join('/', posix.dirname(page), path!), path!),
        anchor: decodeURIComponent(anchor!),
      }))
      .filter(({ target, anchor }) => !idsOf(target).has(anchor)),
  );
  if (broken.length === 0) return;
  const lines = broken.map(({ page, target, anchor }) => `  ${page}: ${target}#${anchor}`);
  throw new Error(`anchors that are not there:\n${[...new Set(lines)].join('\n')}`);
}

/** The file of a link, which VitePress writes from the root or relative to its page. */
function pageOf(joined: string, path: string): string {
  const file = (path.startsWith('/') ? path : joined).slice(1);
  return file === '' || file.endsWith('/')
    ? `${file}index.html`
    : file.replace(/(\.html)?$/, '.html');
}

/** @throws Error that names the page of a diagram that Mermaid does not understand. */
export async function checkDiagrams(): Promise<void> {
  // Mermaid needs a document, even to read.
  const window = new Window();
  Object.assign(globalThis, { window, document: window.document, Element: window.Element });
  const { default: mermaid } = await import('mermaid');
  const pages = readdirSync(PAGES).filter((name) => name.endsWith('.md'));
  let count = 0;
  for (const page of pages) {
    const text = readFileSync(join(PAGES, page), 'utf8');
    for (const [, diagram] of text.matchAll(/^```mermaid\n([^]*?)^```$/gm)) {
      count += 1;
      await mermaid.parse(diagram!).catch((error: unknown) => {
        throw new Error(`${page}: a diagram cannot be drawn`, { cause: error });
      });
    }
  }
  await window.happyDOM.close();
  if (count === 0) throw new Error('no page has a diagram');
}

/** @throws Error if a page of the API is missing: typedoc has to run first. */
export function checkReference(): void {
  if (!existsSync(join(PAGES, 'reference', 'index.md')))
    throw new Error('the API is not described yet: npm run build');
}
