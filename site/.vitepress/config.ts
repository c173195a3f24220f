import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DefaultTheme, defineConfig } from 'vitepress';
import { checkAnchors, checkDiagrams, checkReference } from '../checks.js';
import { copyPages, PAGES, REPOSITORY } from '../pages.js';

copyPages();
checkReference();

/** The groups of docs/README.md are the groups of the sidebar: `**Guides**` and the links under it. */
function groups(): DefaultTheme.SidebarItem[] {
  const index = readFileSync(join(PAGES, 'documents.md'), 'utf8');
  return [...index.matchAll(/^\*\*(.+)\*\*\n\n((?:- .*\n(?: {2}.*\n)*)+)/gm)].map(
    ([, text, list]) => ({
      text: text!,
      items: [...list!.matchAll(/^- \[([^\]]+)\]\(([^)]+)\)/gm)].map(([, name, link]) => ({
        text: titleOf(link!) ?? name!,
        link: `/${link!.replace(/^\.\//, '')}`,
      })),
    }),
  );
}

function titleOf(link: string): string | undefined {
  const file = join(PAGES, link);
  return existsSync(file) ? /^# (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}

/** Anchors as GitHub makes them, so that a link holds in the repository and on the site. */
const slugify = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');

/** Many tables are wide: they get the room that VitePress leaves empty, and narrow cells. */
const WIDE_TABLES = `
.VPDoc.has-aside .content-container { max-width: none !important }
.vp-doc th, .vp-doc td { padding: 6px 10px; font-size: 13px; line-height: 20px }
`;

export default defineConfig({
  title: 'nestjs-redis-streams',
  description: 'A transport for NestJS microservices on Redis Streams',
  srcDir: './.cache/pages',
  outDir: './dist',
  cacheDir: './.cache/vitepress',
  head: [['style', {}, WIDE_TABLES]],
  // A link to a page that is not there fails the build.
  ignoreDeadLinks: false,
  lastUpdated: false,
  markdown: {
    anchor: { slugify },
    config(markdown) {
      // `<word>` in a text is a word, not a component of Vue.
      markdown.set({ html: false });
      const fence = markdown.renderer.rules.fence!;
      markdown.renderer.rules.fence = (tokens, index, ...rest) => {
        const { info, content } = tokens[index]!;
        if (info.trim() !== 'mermaid') return fence(tokens, index, ...rest);
        return `<Diagram code="${encodeURIComponent(content)}" />`;
      };
    },
  },
  async buildEnd({ outDir }) {
    checkAnchors(outDir);
    await checkDiagrams();
  },
  vite: {
    build: { chunkSizeWarningLimit: 4_000 },
  },
  themeConfig: {
    nav: [
      { text: 'Documents', link: '/documents' },
      { text: 'API', link: '/reference/' },
    ],
    sidebar: [
      ...groups(),
      {
        text: 'API',
        items: [
          { text: 'nestjs-redis-streams', link: '/reference/' },
          ...['contracts', 'dead-letters', 'msgpack', 'operate', 'protocol', 'sealed'].map(
            (entry) => ({
              text: `…/${entry}`,
              link: `/reference/${entry}/`,
            }),
          ),
        ],
      },
    ],
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
  },
});
