// What was seen to work, as docs/matrix.json keeps it. The README shows a table of it.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../tools/repository.js';
import type { Part } from './cells.js';

const FILE = join(repository, 'docs/matrix.json');

/** The result of one part in one cell, with what it ran on. */
export interface Played {
  readonly cell: string;
  readonly part: Part;
  /** Such as `212 tests`. */
  readonly passed: string;
  /** Such as `Redis 8.6.3`. */
  readonly server: string;
  readonly node: string;
  /** The day, UTC. */
  readonly date: string;
  /** Of the library; results of before it was noted have none. */
  readonly commit?: string;
}

/** The project of a consumer that worked, with what was installed. */
export interface Consumed {
  readonly project: string;
  /** Versions by package. */
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
}

export interface Records {
  readonly played: readonly Played[];
  readonly consumed: readonly Consumed[];
}

export function records(): Records {
  if (!existsSync(FILE)) return { played: [], consumed: [] };
  return JSON.parse(readFileSync(FILE, 'utf8')) as Records;
}

export const today = (): string => new Date().toISOString().slice(0, 10);

/** The commit that is checked out, in ten digits. */
export function commitHere(): string {
  const options = { cwd: repository, encoding: 'utf8' } as const;
  return execFileSync('git', ['rev-parse', '--short=10', 'HEAD'], options).trim();
}

/** Keeps a result, in place of the one that the part had in this cell. */
export function keepPlayed(record: Played): void {
  const { played, consumed } = records();
  const others = played.filter(({ cell, part }) => cell !== record.cell || part !== record.part);
  write({ played: byName([...others, record], ({ cell, part }) => `${cell} ${part}`), consumed });
}

/** Whether a part has passed in a cell, on that day and on the same versions. */
export function isPlayed(
  asked: Omit<Played, 'passed' | 'commit'>,
  { played }: Records = records(),
): boolean {
  const names = ['cell', 'part', 'server', 'node', 'date'] as const;
  return played.some((record) => names.every((name) => record[name] === asked[name]));
}

/** The same for the project of a consumer. */
export function keepConsumed(record: Consumed): void {
  const { played, consumed } = records();
  const others = consumed.filter(({ project }) => project !== record.project);
  write({ played, consumed: byName([...others, record], ({ project }) => project) });
}

const byName = <T>(all: readonly T[], nameOf: (one: T) => string): T[] =>
  all.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));

const write = (all: Records) => writeFileSync(FILE, `${JSON.stringify(all, undefined, 2)}\n`);
