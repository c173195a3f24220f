// npm run chaos:table -- <output of npm run chaos -- --json> … [--into docs/guarantees.md] Makes one table of
// what several runs have found. Prints it, or puts it into its place in a document.
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { isMain } from '../tools/is-main.js';

/** What a run prints about one scenario with `--json`. */
export interface Row {
  readonly scenario: string;
  readonly seed: number;
  readonly size: string;
  readonly calls: number;
  readonly executions: number;
  /** Executions of calls that came in an entry with others. */
  readonly packed: number;
  /** Calls and events that were due later than they were sent. */
  readonly later: number;
  readonly duplicates: number;
  readonly duplicateBound: number;
  readonly lost: number;
  readonly violations: number;
  readonly seconds: number;
  readonly faults: number;
  readonly longestStall: number;
  readonly redis: string;
  readonly node: string;
  readonly date: string;
}

/** Columns that are summed up over the seeds. */
type Sum = { [Name in keyof Row]: Row[Name] extends number ? Name : never }[keyof Row];

const BEGIN = '<!-- figures of the chaos suite: npm run chaos:table -->';
const END = '<!-- end of the figures -->';

/** The array that `--json` prints: the last line of an output that is an array. */
export function rowsIn(output: string): Row[] {
  const line = output.split('\n').findLast((each) => /^\[.*\]$/.test(each));
  if (line === undefined) throw new Error('there is no line with figures; was it run with --json?');
  return JSON.parse(line) as Row[];
}

/**
 * @param rows of any number of seeds
 * @returns Markdown
 */
export function tableOf(rows: readonly Row[]): string {
  if (rows.length === 0) throw new Error('there are no figures');
  const names = [...new Set(rows.map(({ scenario }) => scenario))].sort(byNumber);
  const sizes = distinct(rows, 'size');
  const lines = names.map((name) => cells(rows.filter(({ scenario }) => scenario === name)));
  const seconds = rows.reduce((sum, row) => sum + row.seconds, 0);
  return [
    `Played on ${distinct(rows, 'date').join(', ')} with ${distinct(rows, 'redis').join(', ')} and Node ` +
      `${distinct(rows, 'node').join(', ')}, at ${sizes.join(' and ')} size, with seeds ` +
      `${distinct(rows, 'seed').join(', ')}, in ${Math.round(seconds / 60)} minutes. Figures are sums over the ` +
      'seeds; the longest stall is the longest time without any success of any caller while there was load.',
    '',
    '| scenario | seeds | calls | executions | in packs | due later | faults | repeated | in flight at faults | lost | longest stall, ms | violations |',
    `|${' --- |'.repeat(12)}`,
    ...lines.map((line) => `| ${line.join(' | ')} |`),
  ].join('\n');
}

function cells(rows: readonly Row[]): (string | number)[] {
  const sum = (what: Sum) =>
    rows.reduce((total, row) => total + row[what], 0).toLocaleString('en-US');
  const longest = Math.max(...rows.map(({ longestStall }) => longestStall));
  return [
    rows[0]?.scenario ?? '',
    distinct(rows, 'seed').length,
    sum('calls'),
    sum('executions'),
    sum('packed'),
    sum('later'),
    sum('faults'),
    sum('duplicates'),
    sum('duplicateBound'),
    sum('lost'),
    longest.toLocaleString('en-US'),
    sum('violations'),
  ];
}

/** Puts the table into its place in a document. */
export function withTable(document: string, rows: readonly Row[]): string {
  const [from, to] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from === -1 || to < from)
    throw new Error(`there is no place for the table: ${BEGIN} … ${END}`);
  return `${document.slice(0, from)}${BEGIN}\n\n${tableOf(rows)}\n\n${document.slice(to)}`;
}

const distinct = (rows: readonly Row[], what: keyof Row) => [
  ...new Set(rows.map((row) => row[what])),
];
const byNumber = (a: string, b: string) =>
  parseInt(a.slice(1), 10) - parseInt(b.slice(1), 10) || a.localeCompare(b);

if (isMain(import.meta.url)) {
  const files = process.argv.slice(2);
  const at = files.indexOf('--into');
  const [, document] = at === -1 ? [] : files.splice(at, 2);
  const rows = files.flatMap((file) => rowsIn(readFileSync(file, 'utf8')));
  if (document === undefined) console.log(tableOf(rows));
  else {
    const text = withTable(readFileSync(document, 'utf8'), rows);
    const config = await resolveConfig(document);
    writeFileSync(document, await format(text, { ...config, filepath: document }));
  }
}
