import { spawn } from 'node:child_process';
import { ROOT } from '../docs/documents.js';
import { REMOVALS } from './removals.js';
import { RULE_ROWS } from './rows.js';

// Only by `npm run removals`: it proves the tests of the rules, not the library.

/** Milliseconds that the tests of one removal may take: some find out by waiting in vain. */
const MAX_RUN = 120_000;

interface Report {
  readonly numFailedTests: number;
  readonly numPassedTests: number;
}

/** Runs the tests whose names contain a text, with one part of a rule taken out of the sources. */
async function runWithout(removal: number, file: string, title: string): Promise<Report> {
  const name = title.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const child = spawn(
    'npx',
    ['vitest', 'run', '--project', 'library', file, '-t', name, '--reporter=json'],
    {
      cwd: ROOT,
      env: { ...process.env, RULE_REMOVALS: '', RULE_REMOVED: String(removal) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(printed.slice(printed.indexOf('{'))) as Report;
}

test.each(REMOVALS.map((removal, i) => ({ ...removal, i })))(
  '$rule: the test notices when $part is taken out',
  { timeout: MAX_RUN },
  async ({ i }) => {
    const { file, title } = RULE_ROWS[i]!;
    const { numFailedTests } = await runWithout(i, file, title);
    expect(numFailedTests).toBeGreaterThan(0);
  },
);
