import type { ReplyOrigin } from '../call-request.js';

/** One run of a handler. */
export interface Run {
  readonly instance: string;
  readonly deliveries: number;
  readonly nonce: number;
  /** Index of its first value; default: 0. */
  readonly first?: number;
}

/** The replies of a call that its deserializer has not finished. */
export interface Unread {
  /** Resolves when everything so far was passed on; never rejects. */
  tail: Promise<void>;
  /** Replies that were not passed on yet. */
  waiting: number;
}

/** A reply that came before one with a lower index. */
export interface EarlyReply {
  readonly kind: number;
  readonly payload: unknown;
  readonly origin: ReplyOrigin;
}
