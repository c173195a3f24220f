// Copies the documents of the repository to where VitePress reads them, and their pictures. Links between pages stay
// links between pages; those to other files lead to the repository.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, posix } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
/** Under a folder that git and prettier do not look into. */
export const PAGES = join(import.meta.dirname, '.cache', 'pages');
export const REPOSITORY = 'https://github.com/nestjs-redis-streams/nestjs-redis-streams';

/** Where a page or a picture of the repository stands on the site. */
function places(): Map<string, string> {
  const docs = (readdirSync(join(ROOT, 'docs'), { recursive: true }) as string[])
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => /\.(md|svg)$/.test(name) && name !== 'README.md');
  return new Map([
    ['README.md', 'index.md'],
    ['docs/README.md', 'documents.md'],
    ['examples/README.md', 'examples.md'],
    ['CHANGELOG.md', 'changes.md'],
    ['CONTRIBUTING.md', 'contributing.md'],
    ...docs.map(
      (name) => [`docs/${name}`, name.replace(/(^|\/)README\.md$/, '$1index.md')] as const,
    ),
  ]);
}

export function copyPages(): void {
  const known = places();
  copyMermaid();
  mkdirSync(PAGES, { recursive: true });
  // The files that typedoc has written stay.
  for (const name of readdirSync(PAGES))
    if (name !== 'reference' && name !== 'public') rmSync(join(PAGES, name), { recursive: true });
  for (const [file, place] of known) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    mkdirSync(dirname(join(PAGES, place)), { recursive: true });
    writeFileSync(
      join(PAGES, place),
      file.endsWith('.md') ? relinked(file, place, text, known) : text,
    );
  }
}

/** Copies Mermaid as its authors built it: to bundle it again takes longer than everything else here. */
function copyMermaid(): void {
  const from = join(import.meta.dirname, 'node_modules', 'mermaid', 'dist');
  for (const name of ['mermaid.esm.min.mjs', join('chunks', 'mermaid.esm.min')])
    cpSync(join(from, name), join(PAGES, 'public', 'mermaid', name), {
      recursive: true,
      filter: (file) => !file.endsWith('.map'),
    });
}

function relinked(
  file: string,
  place: string,
  text: string,
  known: ReadonlyMap<string, string>,
): string {
  const outsideCode = text.split(/(^```[^]*?^```$)/m);
  return outsideCode
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replaceAll(/<!--[^]*?-->\n*/g, '')
            .replaceAll(
              /\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)/g,
              (_link, path: string, anchor = '') => {
                const target = posix.normalize(posix.join(posix.dirname(file), path));
                return `](${destination(target, place, known)}${anchor})`;
              },
            ),
    )
    .join('');
}

function destination(target: string, from: string, known: ReadonlyMap<string, string>): string {
  const page = known.get(target) ?? known.get(`${target}/README.md`);
  if (page !== undefined) {
    const relative = posix.relative(posix.dirname(from), page);
    return relative.startsWith('.') ? relative : `./${relative}`;
  }
  const path = join(ROOT, target);
  if (!existsSync(path)) throw new Error(`${from}: there is no ${target}`);
  return `${REPOSITORY}/${statSync(path).isDirectory() ? 'tree' : 'blob'}/main/${target}`;
}
