export interface Mark {
  readonly line: number;
  readonly commit: string;
  /** What the figures depend on; undefined for a record, which is never out of date. */
  readonly paths: readonly string[] | undefined;
}

export function marksOf(text: string): Mark[];
export function unmarkedSections(text: string): string[];
export function documents(): string[];
