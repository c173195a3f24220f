export const usage: string;
export function readArguments(
  argv: readonly string[],
  known: readonly string[],
): {
  scenarios: string[] | undefined;
  seeds: number[];
  size: 'pr' | 'nightly' | 'release';
  json: boolean;
  keep: boolean;
  library: string | undefined;
  help: boolean;
};
