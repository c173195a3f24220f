import type { Connection } from '../connect.js';

/** Questions on their way at once. While Redis waits for replicas, it does nothing else for this connection. */
const OPEN = 2;

/** How many replicas must have what is written, and how many milliseconds Redis waits for them. */
export interface WantedReplicas {
  readonly count: number;
  readonly timeout: number;
}

/**
 * Asks over one connection how many replicas have what was written (`WAIT`). An answer covers all that was sent before,
 * for whatever shard, so what many ask at once becomes one question.
 */
export class Questions {
  private open = 0;
  private later: Promise<number> | undefined;
  private begin: (() => void) | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly wanted: WantedReplicas,
  ) {}

  /** How many replicas have all that was sent until now; at least as many as are wanted, if so many have it in time. */
  ask(): Promise<number> {
    if (this.open < OPEN) return this.send();
    this.later ??= new Promise<void>((resolve) => (this.begin = resolve)).then(() => this.send());
    return this.later;
  }

  private async send(): Promise<number> {
    const { count, timeout } = this.wanted;
    this.open++;
    try {
      return Number(await this.connection.call('WAIT', count, timeout));
    } finally {
      this.open--;
      const { begin } = this;
      this.later = this.begin = undefined;
      begin?.();
    }
  }
}

const known = new WeakMap<Connection, Questions>();

/** All shards of a client or a server that share a connection ask together. */
export function questionsOf(connection: Connection, wanted: WantedReplicas): Questions {
  let questions = known.get(connection);
  if (questions === undefined)
    known.set(connection, (questions = new Questions(connection, wanted)));
  return questions;
}
