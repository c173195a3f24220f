/** How many characters must be inserted, removed, replaced or swapped to make one word into another. */
export function editDistance(one: string, other: string): number {
  // The rows of the usual matrix. A swap looks two rows back.
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    rows.push(current);
    for (let column = 1; column <= other.length; column++) {
      const replaced = at(row - 1, column - 1) + (one[row - 1] === other[column - 1] ? 0 : 1);
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      const moved = swapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY;
      current.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, moved));
    }
  }
  return at(one.length, other.length);
}

/**
 * The known word that was probably meant; undefined if none is close.
 *
 * @param allowed how many slips a known word of a certain length forgives; upper and lower case count as the same
 */
export function nearest(
  word: string,
  known: readonly string[],
  allowed: (length: number) => number,
): string | undefined {
  const wanted = word.slice(0, 64).toLowerCase();
  const [best] = known
    .map((candidate) => ({ candidate, slips: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, slips }) => slips <= allowed(candidate.length))
    .sort((one, other) => one.slips - other.slips);
  return best?.candidate;
}
