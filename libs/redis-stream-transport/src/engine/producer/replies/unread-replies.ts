import { RedisStreamsError } from '../../../errors.js';
import type { Call, ReplyOrigin } from '../call.js';

export interface UnreadHooks {
  /** The call has its last reply, and its owner is told of it now. */
  finished(call: Call): void;
  /** A value renewed the idle time of a call. */
  renewed(call: Call): void;
  /** The call cannot go on, though a handler may still run for it. */
  broken(call: Call, error: RedisStreamsError): void;
}

/** Replies of one call that may wait for its deserializer: more than a page of the log holds of small ones. */
const MAX_UNREAD = 100_000;

/**
 * Replies that a deserializer is busy with. They are handed on in the order in which they came, and until
 * the last one is read the call stays on the books, under its deadline, its signal and `close()` (G1, G2).
 */
export class UnreadReplies {
  constructor(private readonly hooks: UnreadHooks) {}

  /** Has a reply read at once, and handed on after those before it. */
  read(call: Call, payload: unknown, last: boolean, origin: ReplyOrigin): void {
    // A deserializer that hangs must not let a stream go on for ever, so only what is read counts further.
    if (!last && (call.unread === undefined || call.unread.waiting === 0)) this.hooks.renewed(call);
    const read = call.sink.packed(payload, last, origin);
    this.append(call, last, () =>
      read.then((tell) => {
        if (call.state === 'settled') return;
        if (last) this.hooks.finished(call);
        else this.hooks.renewed(call);
        tell();
      }),
    );
  }

  /** Hands on what needs no reading after what is being read. */
  after(call: Call, last: boolean, tell: () => void): void {
    this.append(call, last, () => {
      if (call.state !== 'settled') tell();
    });
  }

  private append(call: Call, last: boolean, step: () => void | Promise<void>): void {
    // Redis has nothing more to say of it; only its owner is still to be told.
    if (last) {
      call.answered = true;
      call.state = 'reading';
    }
    const unread = (call.unread ??= { tail: Promise.resolve(), waiting: 0 });
    unread.waiting++;
    if (unread.waiting > MAX_UNREAD) {
      const { pattern } = call;
      const message = `the deserializer does not keep up with the values of ${pattern}`;
      const facts = { pattern, outcome: 'may-have-run' } as const;
      this.hooks.broken(call, new RedisStreamsError('REPLY_LOST', message, facts));
      return;
    }
    const done = (): void => void unread.waiting--;
    unread.tail = unread.tail.then(step).then(done, done);
  }
}
