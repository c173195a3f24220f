import { RedisStreamsError } from '../../../errors.js';
import type { Call } from '../call.js';
import type { ReplyOrigin } from '../call-request.js';
import type { ProducerDiagnostics } from '../producer-diagnostics.js';

export interface UnreadHooks {
  /** The last reply was read, and the sink is told of it now. */
  finished(call: Call, failed: boolean): void;
  /** A value renewed the idle time of a call. */
  renewed(call: Call): void;
  /** The last reply cannot be read. */
  faulted(call: Call, error: RedisStreamsError): void;
  /** The call cannot go on, though a handler may still run for it. */
  broken(call: Call, error: RedisStreamsError): void;
}

/** Replies of one call that may wait for its deserializer. A page of the reply log has fewer, even of small ones. */
const MAX_UNREAD = 100_000;

/**
 * Replies that wait for a deserializer. They are passed on in the order in which they came. Until the last one is read
 * the call stays open, so that its deadline, its signal and `close()` still end it (G1, G2).
 */
export class UnreadReplies {
  constructor(
    private readonly hooks: UnreadHooks,
    private readonly diagnostics: Pick<ProducerDiagnostics, 'untrusted'>,
  ) {}

  /** Has a reply read at once, and passed on after those before it. */
  read(call: Call, payload: unknown, last: boolean, origin: ReplyOrigin): void {
    // A value that comes while none is being read renews the idle time at once, any other one only when it is read.
    // Otherwise a deserializer that hangs would let a stream go on for ever.
    if (!last && (call.unread === undefined || call.unread.waiting === 0)) this.hooks.renewed(call);
    const read = call.sink.packed(payload, last, origin);
    this.append(call, last, () =>
      read.then((tell) => {
        if (call.state === 'settled') return;
        if (tell instanceof RedisStreamsError) {
          if (tell.code === 'UNTRUSTED') this.diagnostics.untrusted(call, tell.message);
          if (last) this.hooks.faulted(call, tell);
          else this.hooks.broken(call, tell);
          return;
        }
        if (last) this.hooks.finished(call, false);
        else this.hooks.renewed(call);
        tell();
      }),
    );
  }

  /** Passes on a reply that needs no deserializer, after those that are being read. */
  after(call: Call, last: boolean, tell: () => void): void {
    this.append(call, last, () => {
      if (call.state !== 'settled') tell();
    });
  }

  private append(call: Call, last: boolean, step: () => void | Promise<void>): void {
    // Its entry is settled. Only its sink is still to be told.
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
