import { read } from '../docs/documents.js';

/** A row of the table of docs/rules.md: a part of a rule, and the test that fails without it. */
export interface RuleRow {
  readonly rule: string;
  readonly file: string;
  /** Part of the name of the test. */
  readonly title: string;
  /** What is taken out to see that the test notices. */
  readonly part: string;
}

export const RULE_ROWS: readonly RuleRow[] = [
  ...read('docs/rules.md').matchAll(
    /^\| ([LP]\d+) +\|[^|]*\| `([^`]+)`: ([^|]+)\| ([^|]+?) *\|$/gm,
  ),
].map(([, rule, file, title, part]) => ({
  rule: rule!,
  file: file!,
  title: title!.trim(),
  part: part!,
}));
