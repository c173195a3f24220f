import { RedisStreamsError } from '../../../errors.js';
import { LAST_ID } from '../../../protocol/limits.js';
import type { CallerBroker, EntryFate, ProbeAnswer } from '../../../redis/caller-broker.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';
import type { ReplyReader } from '../replies/reply-reader.js';

/** Calls that one script asks about. */
const PAGE = 100;
/** Milliseconds that a call has waited when Redis is first asked about it, and between further questions. */
const FIRST = 2000;
const AGAIN = 5000;
/**
 * Milliseconds until a question is repeated that Redis could not answer yet; also between two questions about all
 * calls, at least.
 */
const SOON = 1000;

export interface LostEntryProbeHooks {
  /** Its entry is gone and was provably never settled, so it is to be sent again, under the same call id. */
  sendAgain(call: Call): void;
  /** Its entry is gone, and it cannot be known any more whether it was settled. */
  lost(call: Call, error: RedisStreamsError): void;
}

/**
 * Asks Redis whether the entries of calls that have waited for some seconds still exist (rule L16). A call whose entry
 * is gone without a reply would otherwise wait in vain until its deadline.
 */
export class LostEntryProbe {
  private asking = false;
  /** A frame was ignored since the last question. Any call may have been waiting for what was in it. */
  private doubted = false;
  /** From when on all calls may be asked about again (monotonic, ms). */
  private nextDoubt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly broker: CallerBroker,
    private readonly replies: ReplyReader,
    private readonly clock: Clock,
    private readonly hooks: LostEntryProbeHooks,
  ) {}

  /** Asks about those of the calls that are due. Never rejects: the next look asks again. */
  async ask(calls: readonly Call[]): Promise<void> {
    if (this.asking) return;
    const due = this.due(calls);
    if (due.length === 0) return;
    this.asking = true;
    try {
      for (let from = 0; from < due.length; from += PAGE) {
        await this.askPage(due.slice(from, from + PAGE));
      }
    } catch {
      // Redis cannot be reached. The next look asks again.
    } finally {
      this.asking = false;
    }
  }

  /**
   * A frame was ignored, so all calls that wait are to be asked about; once a second at most.
   *
   * @returns milliseconds until they may be asked about
   */
  doubt(): number {
    this.doubted = true;
    return Math.max(0, this.nextDoubt - this.clock.now());
  }

  private due(calls: readonly Call[]): Call[] {
    const now = this.clock.now();
    const due: Call[] = [];
    const all = this.doubted && now >= this.nextDoubt;
    if (all) {
      this.doubted = false;
      this.nextDoubt = now + SOON;
    }
    for (const call of calls) {
      // The verdict that will name its entry is on its way. The next look asks about it.
      if (all && call.state === 'sent') call.askAt = now;
      if (call.state !== 'stored' || call.entry === undefined) continue;
      if (!all && now < (call.askAt ?? call.startedAt + FIRST)) continue;
      call.askAt = now + AGAIN;
      due.push(call);
    }
    // Calls that have to be sent again leave in the order in which they left before.
    return due.sort((a, b) => a.startedAt - b.startedAt);
  }

  private async askPage(page: readonly Call[]): Promise<void> {
    const asked = page.map(({ stream, pattern, entry = '', place }) => ({
      ...{ stream, pattern, entry, pack: place },
    }));
    const answer = await this.broker.reAsk(asked);
    const gone = page.filter((call, i) => {
      const same = call.state === 'stored' && call.entry === asked[i]?.entry;
      return same && answer.entries[i] !== 'exists';
    });
    if (gone.length === 0) return;
    // A call may have been settled a moment ago, in this memory or the one before. Then its reply is in the log.
    const isComplete = (call: Call) => this.replies.isComplete(call.leftAt, answer.lastFrame);
    if (!gone.every(isComplete)) await this.replies.catchUp();
    for (const call of gone) {
      const fate = answer.entries[page.indexOf(call)] as EntryFate;
      if (call.state === 'stored') this.judge(call, answer, fate);
    }
  }

  private judge(call: Call, answer: ProbeAnswer, fate: EntryFate): void {
    // Frames came after the last one that was seen. The next question finds out.
    if (this.replies.isLagging(answer.lastFrame)) return;
    const mayRepeat = !call.request.once && fate !== 'once';
    const answered = call.next > 0 || call.run !== undefined;
    if (this.isProven(call, answer) && mayRepeat && !answered) {
      // Only its service can say whether it may be started again, and says so as soon as it is back (rule L18).
      if (fate === 'unknown') call.askAt = this.clock.now() + SOON;
      else this.hooks.sendAgain(call);
      return;
    }
    const { pattern } = call;
    const message = `the entry of a call of ${pattern} is gone, and its reply is not in the log`;
    const facts = { pattern, outcome: 'may-have-run' } as const;
    this.hooks.lost(call, new RedisStreamsError('REPLY_LOST', message, facts));
  }

  /** Whether it was never settled, as the complete log shows, or was settled in a memory that Redis has lost. */
  private isProven(call: Call, { lastFrame, incarnation }: ProbeAnswer): boolean {
    // A frame that was ignored may have been its reply. And no reply can be written into a log that has no ids left.
    if (this.replies.mayHaveMissed(call.startedAt) || lastFrame === LAST_ID) return false;
    if (this.replies.isComplete(call.leftAt, lastFrame)) return true;
    return call.incarnation !== undefined && call.incarnation.born !== incarnation.born;
  }
}
