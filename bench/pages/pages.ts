// All that is printed of results: a picture, and places of two documents.
import { AIMS } from '../aims/aims.js';
import { judgeRatios } from '../aims/judge.js';
import type { Measured, Run } from '../report/read.js';
import { markdownTable } from '../report/tables.js';
import { fullTables } from './full-tables.js';
import { mark, origin } from './origin.js';
import { picture } from './picture.js';
import { withPlace } from './places.js';
import { ratioRows, redisRows, titlesOf } from './short-tables.js';

export const PICTURE = 'docs/images/performance.svg';
export const SHORT = 'docs/performance.md';
export const FULL = 'docs/benchmark.md';

/**
 * @param present the text of a document as it is
 * @param at the commit of the runs that do not say theirs
 * @returns texts by the names of their files
 */
export function pagesOf(
  results: Measured & { readonly runs: readonly Run[] },
  present: (file: string) => string,
  at?: string,
): Record<string, string> {
  const { cells, runs } = results;
  const commits = [...new Set(runs.map(({ commit }) => commit ?? at))];
  const [commit] = commits;
  if (commits.length !== 1 || commit === undefined)
    throw new Error(`results must be of one commit (--at COMMIT), not of ${commits.join(', ')}`);
  const measured = `${mark(commit)}\n\n${origin(results)}`;
  const ratios = markdownTable(ratioRows(judgeRatios(cells)));
  const redis = markdownTable(redisRows(cells, titlesOf(AIMS)));
  const short = withPlace(present(SHORT), 'ratios', `${measured}\n\n${ratios}`);
  return {
    [PICTURE]: picture(cells),
    [SHORT]: withPlace(short, 'redis', `${mark(commit)}\n\n${redis}`),
    [FULL]: withPlace(present(FULL), 'tables', `${measured}\n\n${fullTables(results)}`),
  };
}
