import { markCall, RedisStreamsError } from '../../../errors.js';
import type { PacketDeserializer } from '../../../options/index.js';
import { openerOf } from '../../../options/sealing.js';
import { REPLY, type Frame, type Reply } from '../../../protocol/frame.js';
import type { IdTable } from '../../id-table.js';
import type { Call } from '../call.js';
import type { EarlyReply, Run } from './run.js';
import type { ReplyOrigin } from '../call-request.js';
import type { ProducerDiagnostics } from '../producer-diagnostics.js';
import { faultOf } from './fault.js';
import { UnreadReplies } from './unread-replies.js';

/** Values of one call that may wait for a missing one. */
const MAX_EARLY = 1000;

export interface ReplyMuxHooks {
  /** The call has its last reply. @param failed it is what the handler threw */
  finished(call: Call, failed: boolean): void;
  /** The call ends with a fault, which the service's transport has sent. Its entry is settled. */
  faulted(call: Call, error: RedisStreamsError): void;
  /** The call cannot go on, although a handler may still run for it. */
  broken(call: Call, error: RedisStreamsError): void;
  /** A value renewed the idle time of a call. */
  renewed(call: Call): void;
  /** A value is missing. The reply log may have it. */
  gap(call: Call): void;
}

/** Passes replies on to their calls: values in order, each once, and of one run only (rule L14). */
export class ReplyMux {
  private readonly unread: UnreadReplies;
  /** Replies must be sealed. Faults are not: they are believed, but not that a handler certainly did not run. */
  private readonly sealed: boolean;
  /** Characters of the frame that is being read. */
  private length = 0;

  constructor(
    private readonly calls: Pick<IdTable<Call>, 'get'>,
    private readonly hooks: ReplyMuxHooks,
    private readonly diagnostics: Pick<ProducerDiagnostics, 'answered' | 'late' | 'untrusted'>,
    deserializer?: PacketDeserializer,
  ) {
    this.sealed = openerOf(deserializer) !== undefined;
    this.unread = new UnreadReplies(hooks, diagnostics);
  }

  frame({ instance, replies, length = 0 }: Frame): void {
    this.length = length;
    for (const reply of replies) {
      const call = this.calls.get(reply[0]);
      if (call === undefined || call.abandoned) this.diagnostics.late(instance);
      else this.reply(call, instance, reply);
    }
  }

  private reply(call: Call, instance: string, reply: Reply): void {
    const [, kind, deliveries, nonce, index, written, headers, empty] = reply;
    const payload = empty === 1 ? undefined : written;
    const origin = { headers: headers ?? NOTHING, instance, deliveryCount: deliveries };
    const run = call.run;
    // A fault says how the entry ended. That is so whichever run it comes from, and whatever its index is.
    if (kind === REPLY.fault) {
      // While Redis is asked about the call, a fault does not count: Redis knows more than a service that found the
      // call expired.
      if (call.state !== 'deciding') this.hand(call, kind, payload, origin);
      return;
    }
    if (kind === REPLY.restart) {
      this.restart(call, { instance, deliveries, nonce, first: 1 });
      return;
    }
    if (run === undefined) {
      if (index === 0) {
        if (kind === REPLY.next || kind === REPLY.packed || kind === REPLY.packedLast)
          call.run = { instance, deliveries, nonce };
        this.hand(call, kind, payload, origin);
        return;
      }
      call.run = { instance, deliveries, nonce };
    } else if (run.instance !== instance || run.nonce !== nonce || run.deliveries !== deliveries) {
      if (deliveries >= run.deliveries) this.interrupted(call);
      return;
    }
    if (index < call.next) return;
    if (index > call.next) {
      this.stash(call, index, { kind, payload, origin });
      return;
    }
    this.hand(call, kind, payload, origin);
    this.handEarly(call);
  }

  /** A handler whose values may be repeated begins anew. This does not count if it comes late, from an older run. */
  private restart(call: Call, run: Run): void {
    if (call.run !== undefined && call.run.deliveries >= run.deliveries) return;
    call.run = run;
    call.next = 1;
    call.early = undefined;
  }

  /** The run whose values were passed on broke off and another one began: values may be repeated or missing. */
  private interrupted(call: Call): void {
    this.hooks.broken(
      call,
      new RedisStreamsError('INTERRUPTED', `the stream of ${call.pattern} was interrupted`, {
        pattern: call.pattern,
        outcome: 'may-have-run',
      }),
    );
  }

  private stash(call: Call, index: number, reply: EarlyReply): void {
    call.early ??= new Map();
    if (call.early.size >= MAX_EARLY) {
      this.hooks.broken(
        call,
        new RedisStreamsError('REPLY_LOST', `values of ${call.pattern} are missing`, {
          pattern: call.pattern,
          outcome: 'may-have-run',
        }),
      );
      return;
    }
    call.early.set(index, reply);
    if (call.early.size === 1) this.hooks.gap(call);
  }

  private handEarly(call: Call): void {
    const early = call.early;
    if (early === undefined) return;
    for (let reply = early.get(call.next); reply !== undefined; reply = early.get(call.next)) {
      if (call.abandoned) return;
      early.delete(call.next);
      this.hand(call, reply.kind, reply.payload, reply.origin);
    }
  }

  private hand(call: Call, kind: number, payload: unknown, origin: ReplyOrigin): void {
    if (call.next++ === 0) this.diagnostics.answered(call, origin);
    call.reading?.weigh(this.length);
    if (kind === REPLY.packed || kind === REPLY.packedLast) {
      this.unread.read(call, payload, kind === REPLY.packedLast, origin);
    } else if (this.sealed && kind !== REPLY.fault) {
      this.unsealed(call);
    } else if (call.unread === undefined) {
      this.tell(call, kind, payload, origin);
    } else {
      const tell = (): void => this.tell(call, kind, payload, origin);
      this.unread.after(call, kind !== REPLY.next, tell);
    }
  }

  private unsealed(call: Call): void {
    const { pattern } = call;
    const detail = 'it is not sealed';
    this.diagnostics.untrusted(call, detail);
    const message = `a reply of ${pattern} is not to be trusted: ${detail}`;
    const facts = { pattern, outcome: 'may-have-run' } as const;
    this.hooks.broken(call, new RedisStreamsError('UNTRUSTED', message, facts));
  }

  private tell(call: Call, kind: number, payload: unknown, origin: ReplyOrigin): void {
    switch (kind) {
      case REPLY.last:
        this.hooks.finished(call, false);
        call.sink.value(payload, true, origin);
        break;
      case REPLY.next:
        this.hooks.renewed(call);
        call.sink.value(payload, false, origin);
        break;
      case REPLY.done:
        this.hooks.finished(call, false);
        call.sink.done();
        break;
      case REPLY.error:
        this.hooks.finished(call, true);
        markCall(payload, call.callId);
        call.sink.error(payload);
        break;
      default: {
        const isBelieved = !call.tainted && !this.sealed;
        this.hooks.faulted(
          call,
          faultOf(payload, call.pattern, isBelieved ? 'not-run' : 'may-have-run'),
        );
      }
    }
  }
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({});
