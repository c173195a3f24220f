import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { read, ROOT } from './documents.js';

/** A label of a page, with the tests that show it. */
export interface LabelledRow {
  readonly label: string;
  readonly tests: readonly (readonly [file: string, title: string])[];
  /** Scenarios of the chaos suite. */
  readonly scenarios: readonly string[];
}

/** The rows of a page whose labels are list items: `- **A1** what must happen`, and under each what shows it. */
export function labelledRows(page: string): LabelledRow[] {
  return read(page)
    .split(/^- (?=\*\*[A-Z]\d+\*\*)/m)
    .slice(1)
    .map((text) => ({
      label: /^\*\*([A-Z]\d+)\*\*/.exec(text)![1]!,
      tests: [...text.matchAll(/^ {2}- `([^`]+\.spec\.ts|[^`]+\.cases\.ts)` “([^”]+)”$/gm)].map(
        ([, file, title]) => [file!, title!] as const,
      ),
      scenarios: [...text.matchAll(/^ {2}- (S\d+(?:, S\d+)*)$/gm)].flatMap(([, names]) =>
        names!.split(', '),
      ),
    }));
}

/** Lines under labels that name neither a test nor scenarios. */
export function strayLines(page: string, rows: readonly LabelledRow[]): number {
  const lines = read(page).match(/^ {2}- .*$/gm) ?? [];
  const understood = rows.reduce(
    (sum, { tests, scenarios }) => sum + tests.length + (scenarios.length > 0 ? 1 : 0),
    0,
  );
  return lines.length - understood;
}

/** Of the tests of a row, those that are not there. */
export function missingTests({ tests }: LabelledRow): LabelledRow['tests'] {
  return tests.filter(([file, title]) => {
    if (!existsSync(join(ROOT, file))) return true;
    const source = read(file).replaceAll("\\'", "'");
    return !["'", '"', '`'].some(
      (quote) => source.includes(quote + title) || source.includes(title + quote),
    );
  });
}
