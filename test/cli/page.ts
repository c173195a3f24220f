import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { ROOT } from '../docs/documents.js';
import type { Said } from '../contracts/command.js';
import { nameProcess } from '../support/programs/named.js';

const FILE = join(ROOT, 'docs/cli.md');
const BLOCK = /^```text\n\$ (?:.*\| )?npx nestjs-redis-streams ([^\n]*)\n([^]*?)```$/gm;

/** A command of the page, and what the page says that it answers. */
export interface Example {
  readonly args: readonly string[];
  readonly printed: string;
}

/** The examples of the page, in its order. */
export function examples(): Example[] {
  return [...readFileSync(FILE, 'utf8').matchAll(BLOCK)].map(([, args = '', printed = '']) => ({
    args: [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? ''),
    printed,
  }));
}

/** What a command has written, without what is another one each time. */
export function alike(text: string): string {
  return (
    text
      .replaceAll(/[A-Za-z0-9.]+(?:-[A-Za-z0-9.]+)*-\d+-[\w-]{12}(?![\w-])/g, 'CONSUMER')
      .replaceAll(/[A-Za-z0-9_-]{22}\/\d+/g, 'CALL')
      .replaceAll(/\d{13}-\d+/g, 'ENTRY')
      .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?/g, 'TIME')
      .replaceAll(/\d+(?:\.\d+)? ?(?:ms|s|min|h|d)\b/g, 'AGE')
      .replaceAll(/web-\d+-\d+/g, 'PROCESS')
      .replaceAll(/port \d+/g, 'PORT')
      .replaceAll(/\d+ of \d+ connections/g, 'CONNECTIONS')
      .replaceAll(/\d\d:\d\d:\d\d/g, 'TIME')
      .replaceAll(/\d+(?:\.\d+)? (?:B|KiB|MiB|GiB)\b/g, 'SIZE')
      .replaceAll(/Node \d+\.\d+\.\d+/g, 'NODE')
      .replaceAll(/(?:Redis|Valkey) \d+\.\d+\.\d+/g, 'SERVER')
      // A table that is full takes a wider figure's room from its longest name.
      .replaceAll(/media\.files\.re\S*/g, 'media.files.removed')
      .replaceAll(/[ ─]+/g, ' ')
      .replaceAll(/ $/gm, '')
      // Which instance takes which call is chance: what it has, and which delivery that is.
      .replaceAll(/PROCESS \d+ \d+ AGE/g, 'PROCESS WORK AGE')
      .replaceAll(/AGE PROCESS \d+ (\d+)/g, 'AGE PROCESS DELIVERIES $1')
      // Instances stand in the order of their names, which is chance too.
      .replaceAll(/(?:^.*PROCESS WORK.*\n?)+/gm, (rows) => rows.split('\n').toSorted().join('\n'))
  );
}

/**
 * Gives this machine and process the names that the page has for them, until the test ends: a name that was replaced in
 * what a command has written would leave its tables as wide as the real name is long.
 */
export function asOnThePage(): void {
  onTestFinished(nameProcess({ host: 'web-1', pid: 4711 }));
}

/** What a test may see of a command: without the prefix of the test. */
export const shownAs = ({ out, err }: Said, prefix: string): string =>
  (out + err).replaceAll(prefix, 'nrs');

/** Writes what the commands have answered into the page. */
export function print(answers: readonly string[]): void {
  let at = 0;
  const text = readFileSync(FILE, 'utf8').replaceAll(BLOCK, (block: string) => {
    const [, line = ''] = block.split('\n');
    return `\`\`\`text\n${line}\n${answers[at++] ?? ''}\`\`\``;
  });
  writeFileSync(FILE, text);
}
