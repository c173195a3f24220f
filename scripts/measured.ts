// npm run measured -- [--strict]: which commit each figure of the documents was measured at, and whether the
// code that it depends on has changed since. A warning by default; --strict ends with 1.
//
// A document says it in a comment before the figures:
//   <!-- measured at 1a2b3c4; of libs/redis-stream-transport/src/engine bench -->
//   <!-- measured at 1a2b3c4; a record -->      the reason of a decision: true of that commit, never out of date
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMain } from '../tools/is-main.js';
import { repository as ROOT } from '../tools/repository.js';

const MARK = /<!-- measured at ([0-9a-f]{7,40}); (?:of ([^>]+?)|a record) -->/g;

/** A mark in a document that says at which commit a figure was measured. */
export interface Mark {
  readonly line: number;
  readonly commit: string;
  /** What the figures depend on; undefined for a record, which is never out of date. */
  readonly paths: readonly string[] | undefined;
}

/** Figures of one document: the place of their mark, and what it says. */
export function marksOf(text: string): Mark[] {
  return [...text.matchAll(MARK)].map(({ 1: commit, 2: paths, index }) => ({
    line: text.slice(0, index).split('\n').length,
    commit: commit as string,
    paths: paths === undefined ? undefined : paths.split(/\s+/),
  }));
}

/** Titles of sections that call a figure measured, although no mark stands in them or before them. */
export function unmarkedSections(text: string): string[] {
  const withoutCode = text.replaceAll(/^```[^]*?^```$/gm, '');
  const sections = withoutCode.split(/^(?=#+ )/m);
  let marked = false;
  const unmarked: string[] = [];
  for (const section of sections) {
    const level = /^#+/.exec(section)?.[0].length ?? 0;
    if (level <= 2) marked = false;
    if (section.search(MARK) !== -1) marked = true;
    if (marked) continue;
    const claims = section
      .split(/\n\n|(?<=\.) /)
      .some(
        (sentence) =>
          /\bmeasured\b/i.test(sentence) && /\d/.test(sentence.replaceAll(/\]\([^)]*\)/g, '')),
      );
    if (claims) unmarked.push(section.split('\n', 1)[0] as string);
  }
  return unmarked;
}

export function documents(): string[] {
  const pages = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' });
  return [
    'README.md',
    ...pages.filter((page) => page.endsWith('.md')).map((page) => `docs/${page}`),
  ];
}

function git(...args: string[]): string {
  return execFileSync('git', args, {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** What has changed since, as a sentence; undefined when the figures are of the present code. */
function staleness(commit: string, paths: readonly string[]): string | undefined {
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
  } catch {
    return `the commit ${commit} is not in this clone`;
  }
  const since = git('log', '--format=%h', `${commit}..HEAD`, '--', ...paths)
    .split('\n')
    .filter(Boolean);
  return since.length === 0
    ? undefined
    : `${since.length} commits since changed what it depends on`;
}

if (isMain(import.meta.url)) {
  let stale = 0;
  for (const document of documents()) {
    for (const mark of marksOf(readFileSync(join(ROOT, document), 'utf8'))) {
      const reason = mark.paths === undefined ? undefined : staleness(mark.commit, mark.paths);
      if (reason !== undefined) stale++;
      const kind = mark.paths === undefined ? 'a record' : 'of the code as it is';
      const warning = reason === undefined ? kind : `WARNING: ${reason}`;
      console.log(`${document}:${mark.line}: measured at ${mark.commit}, ${warning}`);
    }
  }
  if (process.argv.includes('--strict') && stale > 0) process.exit(1);
}
