import type { Figures } from './check.mjs';

/** What a run says of one scenario with `--json`. */
export interface Row extends Figures {
  readonly violations: number;
  readonly seconds: number;
  readonly faults: number;
  readonly longestStall: number;
  readonly redis: string;
  readonly node: string;
  readonly date: string;
}

export function rowsIn(output: string): Row[];
export function tableOf(rows: readonly Row[]): string;
export function withTable(document: string, rows: readonly Row[]): string;
