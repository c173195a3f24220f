export interface Violation {
  /** I1 to I9, or the name of an expectation of the scenario. */
  readonly rule: string;
  /** The call that it is about. */
  readonly id?: string;
  readonly text: string;
}

export interface Figures {
  readonly scenario: string;
  readonly seed: number;
  readonly size: string;
  readonly calls: number;
  readonly executions: number;
  readonly duplicates: number;
  readonly duplicateBound: number;
  readonly lost: number;
}

/** Reads the histories in a folder, and nothing else. */
export function check(folder: string): { figures: Figures; violations: Violation[] };

/** A few lines per rule. */
export function describe(violations: readonly Violation[], each?: number): string[];
