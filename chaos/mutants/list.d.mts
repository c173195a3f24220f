export interface Mutant {
  readonly name: string;
  /** Of the build. */
  readonly file: string;
  /** Text, what stands in its place, and how often it is there (once by default). */
  readonly patches: readonly (readonly [from: string, to: string, times?: number])[];
  readonly scenario: string;
  readonly rules: readonly string[];
}

export const mutants: readonly Mutant[];
