import type { Refusal } from '../../../redis/verdict.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';

/** Milliseconds between two questions about a pattern that nobody serves. */
const ASK_AGAIN = 100;
/** Milliseconds after a loss of memory in which services announce themselves anew (rule L21). */
const AMNESIA = 15_000;

/** Calls of patterns that nobody serves yet: they are not stored, and asked about again for a while. */
export class Unserved {
  private waiting: Call[] = [];
  private amnesiaUntil = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    private readonly send: (call: Call) => void,
  ) {}

  /** Redis has lost its memory, and knows nobody. */
  forgotten(): void {
    this.amnesiaUntil = this.clock.now() + AMNESIA;
  }

  /** Whether the refusal is not the last word; then the call is sent again before long. */
  waits(call: Call, reason: Refusal): boolean {
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
    for (const call of waiting) if (call.state === 'queued') this.send(call);
  }
}
