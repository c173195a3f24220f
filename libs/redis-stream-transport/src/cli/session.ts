import type { readContract } from './read-contract.js';
import type { Screen } from './screen.js';

/** One run of the command. */
export interface Session {
  readonly screen: Screen;
  /** Asks a running service for its contract. */
  readonly readContract: typeof readContract;
  /** 0 unless a command found something, or failed. */
  exitCode: 0 | 1 | 3 | 4;
}
