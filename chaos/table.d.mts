export interface Row {
  readonly scenario: string;
  readonly seed: number;
  readonly size: string;
  readonly calls: number;
  readonly executions: number;
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

export function rowsIn(output: string): Row[];
export function tableOf(rows: readonly Row[]): string;
export function withTable(document: string, rows: readonly Row[]): string;
