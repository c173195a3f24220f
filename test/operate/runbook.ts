import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../docs/documents.js';

const FILE = join(ROOT, 'docs/operations.md');
const COMMAND = /^```text\n\$ npx nestjs-redis-streams ([^\n]*)\n([^]*?)```$/gm;
const QUERY = /^ *```promql\n([^]*?)^ *```$/gm;

/** One question of the runbook. */
export interface Question {
  readonly heading: string;
  /** Commands, as they are typed, and what the runbook says that they print. */
  readonly commands: readonly { readonly args: readonly string[]; readonly printed: string }[];
  readonly queries: readonly string[];
  /** Where the answer is on the page. */
  readonly page: string;
  /** What to do next. */
  readonly next: string;
}

/** The questions of the runbook, in its order: headings that end so. */
export function questions(): Question[] {
  const sections = readFileSync(FILE, 'utf8').split(/^## /m);
  return sections.flatMap((section): Question[] => {
    const [heading = ''] = section.split('\n', 1);
    if (!heading.endsWith('?')) return [];
    const said = (name: string) =>
      new RegExp(`^- \\*\\*${name}\\*\\*: ([^]*?)(?=\\n- \\*\\*|\\n\\n\\S|$)`, 'm').exec(
        section,
      )?.[1] ?? '';
    return [
      {
        heading,
        commands: [...section.matchAll(COMMAND)].map(([, line = '', printed = '']) => ({
          args: [...line.matchAll(/'([^']*)'|(\S+)/g)].map(
            ([, quoted, bare]) => quoted ?? bare ?? '',
          ),
          printed,
        })),
        queries: [...section.matchAll(QUERY)].map(([, query = '']) =>
          query.replaceAll(/\s+/g, ' '),
        ),
        page: said('Page'),
        next: said('Next'),
      },
    ];
  });
}

/** Writes what the commands have answered into the runbook. */
export function print(answers: readonly string[]): void {
  let at = 0;
  const text = readFileSync(FILE, 'utf8').replaceAll(COMMAND, (block: string) => {
    const [, line = ''] = block.split('\n');
    return `\`\`\`text\n${line}\n${answers[at++] ?? ''}\`\`\``;
  });
  writeFileSync(FILE, text);
}
