// Copies files from the root of the repository into the folder of the package, for the tarball. npm runs it
// before it packs (`prepack`). The copies are not under version control. Links to files that are not packed
// lead to the repository; so do pictures.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { isMain } from '../tools/is-main.js';
import { repository as ROOT } from '../tools/repository.js';

const PACKAGE = join(ROOT, 'libs', 'redis-stream-transport');
const { homepage } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as {
  homepage: string;
};
const REPOSITORY = homepage.replace(/#.*$/, '');

/** Files of the tarball that come from the root, relative to both. */
export function packedFiles(): string[] {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|svg)$/.test(name))
    .map((name) => posix.join('docs', name.replaceAll('\\', '/')));
  return ['README.md', 'CHANGELOG.md', 'SECURITY.md', 'LICENSE', ...pages.sort()];
}

/** A page as it is packed: its relative links lead to packed files, or to the repository. */
export function packedPage(
  file: string,
  text: string,
  packed: ReadonlySet<string> = new Set(packedFiles()),
): string {
  const links = /\]\((?!https?:|#)([^)\s#]+)(#[^)\s]*)?\)/g;
  return text.replaceAll(links, (link: string, path: string, anchor: string | undefined) => {
    const target = posix.normalize(posix.join(posix.dirname(file), path));
    const kind = /\.(?:png|jpg)$/.test(target) ? 'raw' : 'blob';
    return packed.has(target) ? link : `](${REPOSITORY}/${kind}/main/${target}${anchor ?? ''})`;
  });
}

if (isMain(import.meta.url)) {
  rmSync(join(PACKAGE, 'docs'), { recursive: true, force: true });
  for (const file of packedFiles()) {
    const [from, to] = [join(ROOT, file), join(PACKAGE, file)];
    mkdirSync(dirname(to), { recursive: true });
    if (file.endsWith('.md')) writeFileSync(to, packedPage(file, readFileSync(from, 'utf8')));
    else cpSync(from, to);
  }
}
