import type { PatternSpec } from '../intake/pattern-state.js';

/** A pattern with wildcards that has handlers. */
export interface Wildcard {
  readonly text: string;
  /** What every pattern begins with that it stands for. */
  readonly start: string;
  /** It has a message handler. */
  readonly answers: boolean;
}

/** What is handled of a pattern, requests or events. */
export interface WildWants {
  readonly answers: boolean;
  readonly listens: boolean;
  /** The wildcards that stand for it. */
  readonly texts: readonly string[];
}

/** What a service does with patterns that no handler names. */
export interface WildPatterns {
  readonly wildcards: readonly Wildcard[];
  /** What is handled of a pattern; undefined: nothing. */
  wants(pattern: string): WildWants | undefined;
  /** A pattern has come: from now on it has handlers. */
  open(pattern: string): PatternSpec;
  /** It is handled no more. */
  close(pattern: string): void;
}

/** How many streams wildcards bring to an instance, over all shards. */
export class WildRoom {
  private taken = 0;

  /** @param most that may be read */
  constructor(readonly most: number) {}

  get isFull(): boolean {
    return this.taken >= this.most;
  }

  take(): void {
    this.taken++;
  }

  give(): void {
    this.taken--;
  }
}
