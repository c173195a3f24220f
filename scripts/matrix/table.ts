import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';
import { CELLS, type Part } from './cells.js';
import { records, type Consumed, type Played } from './records.js';

const SHOWN: readonly (readonly [Part, string])[] = [
  ['conformance', 'conformance'],
  ['integration', 'integration'],
  ['chaos', 'chaos S1 to S8'],
];

/** The README, with the table in its place. */
export function readmePage(): string {
  const [begin, end] = [
    '<!-- played on: npm run docs -->',
    '<!-- end of what it was played on -->',
  ];
  const text = readFileSync(join(repository, 'README.md'), 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before < 0 || after < before) throw new Error('The README has no place for its table.');
  return `${text.slice(0, before)}${begin}\n\n${compatibilityTable()}\n\n${text.slice(after)}`;
}

/** The table of the README. Each result has its date; a dash: not played yet. */
export function compatibilityTable(): string {
  const { played, consumed } = records();
  const rows = CELLS.flatMap(({ name }) => {
    const own = played.filter(({ cell }) => cell === name);
    const [first] = own;
    if (first === undefined) return [];
    const cells = SHOWN.map(([part]) => shown(own.find((record) => record.part === part)));
    return [`| ${first.server} | ${first.node} | ${cells.join(' | ')} |`];
  });
  const titles = `| server | Node | ${SHOWN.map(([, title]) => title).join(' | ')} |`;
  const table = `${titles}\n| ${'- | '.repeat(2 + SHOWN.length)}\n${rows.join('\n')}`;
  return consumed.length === 0 ? table : `${table}\n\n${consumers(consumed)}`;
}

const shown = (record: Played | undefined): string =>
  record === undefined ? '–' : `${record.passed}, ${record.date}`;

/** Which versions the projects of consumers had. */
function consumers(consumed: readonly Consumed[]): string {
  const of = (name: string) =>
    [...new Set(consumed.map(({ versions }) => versions[name] ?? '?'))]
      .toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }))
      .join(', ');
  const dates = [...new Set(consumed.map(({ date }) => date))].toSorted().join(', ');
  return (
    `The packed package, installed into ${consumed.length} fresh [projects](docs/compatibility.md) on ${dates}: NestJS ` +
    `${of('@nestjs/core')}; ioredis ${of('ioredis')}; TypeScript 5.6, 5.9, 6.0; ESM, CommonJS, Jest, pnpm.`
  );
}
