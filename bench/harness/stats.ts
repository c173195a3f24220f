// Middle values, with what lies around them.

/** @typedef {{ median: number, min: number, max: number }} Spread */

/** @param {readonly number[]} values @returns {number} */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** @param {readonly (number | null | undefined)[]} values @returns {Spread | undefined} */
export function spread(values) {
  const known = values.filter((value) => typeof value === 'number' && Number.isFinite(value));
  const numbers = /** @type {number[]} */ (known);
  if (numbers.length === 0) return undefined;
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}
