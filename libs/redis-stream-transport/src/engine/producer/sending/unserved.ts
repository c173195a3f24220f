import type { Refusal } from '../../../redis/verdict.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';
import { ByWildcard, type ByWildcardHooks } from './by-wildcard.js';

/** Milliseconds after which calls that no instance serves are sent again. */
const ASK_AGAIN = 100;
/** Milliseconds that services have to announce themselves anew after Redis lost its memory (rule L21). */
const AMNESIA = 15_000;

/** Keeps calls that Redis did not store because no instance serves their pattern, and sends them again for a while. */
export class Unserved {
  private waiting: Call[] = [];
  private amnesiaUntil = Number.NEGATIVE_INFINITY;

  private readonly wildcards: ByWildcard;

  constructor(
    private readonly clock: Clock,
    private readonly hooks: ByWildcardHooks,
  ) {
    this.wildcards = new ByWildcard(clock, {
      ...{ send: hooks.send, shardFor: hooks.shardFor },
      refused: (call, reason) => {
        if (!this.waitsLonger(call, reason)) hooks.refused(call, reason);
      },
    });
  }

  /** Redis has lost its memory, and knows no instance. */
  forgotten(): void {
    this.amnesiaUntil = this.clock.now() + AMNESIA;
  }

  /** Whether the call is sent again soon, instead of being refused; or is refused later. */
  waits(call: Call, reason: Refusal): boolean {
    return this.wildcards.takes(call, reason) || this.waitsLonger(call, reason);
  }

  private waitsLonger(call: Call, reason: Refusal): boolean {
    const now = this.clock.now();
    const unserved = reason === 'NEVER' || reason === 'NONE';
    const patient = reason === 'NEVER' && now < call.graceUntil;
    if (!patient && !(unserved && now < this.amnesiaUntil)) return false;
    call.state = 'queued';
    call.copies = 0;
    this.waiting.push(call);
    if (this.waiting.length === 1) this.clock.after(ASK_AGAIN, () => this.sendAll());
    return true;
  }

  private sendAll(): void {
    const waiting = this.waiting;
    this.waiting = [];
    const now = this.clock.now();
    // A call whose time is over stays here: it certainly does not run, and its timer ends it soon. Were it on its way at that
    // moment, this could not be said any more.
    for (const call of waiting) {
      if (call.state === 'queued' && call.expiresAt > now) this.hooks.send(call);
    }
  }
}
