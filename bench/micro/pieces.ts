/** Pieces of the hot path by name. */
export type Pieces = Record<string, () => unknown>;
