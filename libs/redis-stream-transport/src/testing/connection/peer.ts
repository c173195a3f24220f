import type { Answer } from '../memory/operation.js';

/** What a connection was asked for. */
export interface Request {
  readonly name: string;
  readonly args: readonly string[];
  answer(answer: Answer | Error): void;
}

/** A connection, as its server sees it. */
export interface Peer {
  readonly id: number;
  /** The process that it belongs to. */
  readonly host: object;
  /** A read waits for entries: what is asked later waits for it. */
  isBlocked: boolean;
  /** It is told of streams whose keys begin with this. */
  tracked: string | undefined;
  /** The read that it waited for is over. */
  unblocked(): void;
  /** Something was published. */
  hear(channel: string, text: string): void;
  /** A stream has changed. */
  noticed(stream: string): void;
  /** Ends it. What was asked for is answered no more. */
  disconnect(): void;
}
