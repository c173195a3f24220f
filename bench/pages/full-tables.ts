// The tables of docs/benchmark.md: aims, and everything that was measured.
import { judgeBounds, judgeRatios } from '../aims/judge.js';
import { boundRows, ratioRows, summary } from '../aims/tables.js';
import { nameOf, type Cell } from '../report/cells.js';
import { byLoad } from '../report/ratios.js';
import type { Measured } from '../report/read.js';
import { byMode, factsRows, peersRows } from '../report/rows.js';
import { markdownTable } from '../report/tables.js';

export function fullTables({ cells, facts }: Omit<Measured, 'versions'>): string {
  const ratios = judgeRatios(cells);
  const bounds = judgeBounds(facts);
  const parts = [
    `### Ours divided by others, and what is aimed at`,
    markdownTable(ratioRows(ratios)),
    summaryList(summary(ratios)),
  ];
  if (bounds.some(({ measured }) => measured !== undefined))
    parts.push(markdownTable(boundRows(bounds)), summaryList(summary(bounds)));
  for (const same of byLoad(cells).values())
    parts.push(`### ${headingOf(same)}`, markdownTable(peersRows(same)));
  for (const [mode, same] of byMode(facts))
    parts.push(`### ${capital(mode)}`, markdownTable(factsRows(mode, same)));
  return parts.join('\n\n');
}

/** How many aims were met, and what was missed, a line each. */
function summaryList(text: string): string {
  const [counts = '', ...missed] = text.split('\n');
  if (missed.length === 0) return counts;
  const lines = missed.map((line) => line.replace('MISSED: ', '- '));
  return `${counts} Missed, with the least and the most of the rounds:\n\n${lines.join('\n')}`;
}

const headingOf = ([first]: readonly Cell[]): string =>
  first === undefined ? '' : capital(nameOf(first));

const capital = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
