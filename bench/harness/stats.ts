// Middle values, with what lies around them.

export type Spread = { median: number; min: number; max: number };

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export function spread(values: readonly (number | null | undefined)[]): Spread | undefined {
  const known = values.filter((value) => typeof value === 'number' && Number.isFinite(value));
  const numbers = known as number[];
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}
