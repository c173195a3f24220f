import type { Kind } from '../processes/load.js';

/** Calls and events that are due later, among others. Their timeout covers what a fault holds up. */
export const LATER: readonly Kind[] = [
  { weight: 0.05, pattern: 'work', ms: [0, 20], delay: [1, 4000], timeout: 20_000 },
  { weight: 0.05, pattern: 'told', ms: [0, 20], delay: [1, 4000], timeout: 20_000, event: true },
];
