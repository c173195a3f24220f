// Bundles the page of the dashboard, with the libraries that it is made with, into files that the package has. Part of
// `npm run build:lib`; the tests of the page call it too.
import { randomUUID } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { isMain } from '../tools/is-main.js';
import { repository } from '../tools/repository.js';

const LIBRARY = join(repository, 'libs/redis-stream-transport');
const SOURCES = join(LIBRARY, 'src/dashboard/browser');
const PAGE = join(LIBRARY, 'dist/dashboard/page');
/** What the page is made with; users install none of it. */
const VENDORED = ['preact', 'uplot'];

/** @returns the folder of the page */
export async function buildPage(): Promise<string> {
  mkdirSync(PAGE, { recursive: true });
  const bundled = await rolldown({
    input: join(SOURCES, 'main.tsx'),
    platform: 'browser',
    tsconfig: join(SOURCES, 'tsconfig.json'),
    resolve: { extensionAlias: { '.js': ['.ts', '.tsx', '.js'] } },
    logLevel: 'warn',
  });
  const { output } = await bundled.generate({ format: 'esm', minify: true, codeSplitting: false });
  await bundled.close();
  const style = ['node_modules/uplot/dist/uPlot.min.css'].map((file) => text(repository, file));
  place('app.js', `/* licences: see licences.txt */\n${output[0].code}`);
  place('app.css', [...style, text(SOURCES, 'app.css')].join('\n'));
  place('licences.txt', licences());
  for (const name of ['index.html', 'icon.svg']) cpSync(join(SOURCES, name), join(PAGE, name));
  return PAGE;
}

function licences(): string {
  const parts = VENDORED.map((name) => {
    const folder = join(repository, 'node_modules', name);
    const { version } = JSON.parse(text(folder, 'package.json')) as { version: string };
    return `${name} ${version}\n\n${text(folder, 'LICENSE').trim()}\n`;
  });
  return `The page contains these libraries.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

const text = (...path: string[]): string => readFileSync(join(...path), 'utf8');

/** In one step: somebody may be reading it. */
function place(name: string, content: string): void {
  const unfinished = join(PAGE, `${name}-${randomUUID()}`);
  writeFileSync(unfinished, content);
  renameSync(unfinished, join(PAGE, name));
}

if (isMain(import.meta.url)) await buildPage();
