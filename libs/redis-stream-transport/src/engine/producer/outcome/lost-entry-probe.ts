import { RedisStreamsError } from '../../../errors.js';
import { LAST_ID } from '../../../protocol/limits.js';
import type { CallerBroker, EntryFate, ProbeAnswer } from '../../../redis/caller-broker.js';
import type { Clock } from '../../clock.js';
import type { Call } from '../call.js';
import type { ReplyReader } from '../replies/reply-reader.js';

const PAGE = 100;
/** Milliseconds that a call has waited when it is first asked about, and between further questions. */
const FIRST = 2000;
const AGAIN = 5000;
/** Milliseconds until a question is repeated that Redis could not answer yet. */
const SOON = 1000;

export interface LostEntryProbeHooks {
  /** Its entry is gone and provably was never settled: send it again, under the same id. */
  sendAgain(call: Call): void;
  /** Its entry is gone, and whether it was settled cannot be known any more. */
  lost(call: Call, error: RedisStreamsError): void;
}

/**
 * Asks about calls that have waited for some seconds, by their entry ids (rule L16): a call whose entry
 * is gone without a reply would otherwise wait for its deadline in vain.
 */
export class LostEntryProbe {
  private asking = false;
  /** A frame was ignored since the last question: whoever waits may wait for what was in it. */
  private doubted = false;
  /** Monotonic time from which all may be asked about again. */
  private nextDoubt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly broker: CallerBroker,
    private readonly replies: ReplyReader,
    private readonly clock: Clock,
    private readonly hooks: LostEntryProbeHooks,
  ) {}

  /** Asks about those of the calls that are due. Never rejects: who was not asked about is asked later. */
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
      // Redis is away; the next turn asks again.
    } finally {
      this.asking = false;
    }
  }

  /**
   * A frame was ignored: all that wait are to be asked about, once a second at most.
   * @returns whether now
   */
  doubt(): boolean {
    this.doubted = true;
    return !this.asking && this.clock.now() >= this.nextDoubt;
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
      // Its verdict comes in a moment, and names the entry to ask about.
      if (all && call.state === 'sent') call.askAt = now;
      if (call.state !== 'stored' || call.entry === undefined) continue;
      if (!all && now < (call.askAt ?? call.startedAt + FIRST)) continue;
      call.askAt = now + AGAIN;
      due.push(call);
    }
    // Those that have to be sent again leave in the order in which they left before.
    return due.sort((a, b) => a.startedAt - b.startedAt);
  }

  private async askPage(page: readonly Call[]): Promise<void> {
    const asked = page.map(({ stream, pattern, entry }) => ({
      stream,
      pattern,
      entry: entry as string,
    }));
    const answer = await this.broker.reAsk(asked);
    const gone = page.filter((call, i) => {
      const same = call.state === 'stored' && call.entry === asked[i]?.entry;
      return same && answer.entries[i] !== 'exists';
    });
    if (gone.length === 0) return;
    // It may have been settled a moment ago, in this memory or the one before: its reply is in the log then.
    const isComplete = (call: Call) => this.replies.isComplete(call.leftAt, answer.lastFrame);
    if (!gone.every(isComplete)) await this.replies.catchUp();
    for (const call of gone) {
      const fate = answer.entries[page.indexOf(call)] as EntryFate;
      if (call.state === 'stored') this.judge(call, answer, fate);
    }
  }

  private judge(call: Call, answer: ProbeAnswer, fate: EntryFate): void {
    // Frames came behind the last one that was seen: the next question finds out.
    if (this.replies.isBehind(answer.lastFrame)) return;
    const mayRepeat = !call.request.once && fate !== 'once';
    const answered = call.next > 0 || call.run !== undefined;
    if (this.isProven(call, answer) && mayRepeat && !answered) {
      // Whether it may be started again its service will tell as soon as it is back (rule L18).
      if (fate === 'unknown') call.askAt = this.clock.now() + SOON;
      else this.hooks.sendAgain(call);
      return;
    }
    const { pattern } = call;
    const message = `the entry of a call of ${pattern} is gone, and its reply is not in the log`;
    const facts = { pattern, outcome: 'may-have-run' } as const;
    this.hooks.lost(call, new RedisStreamsError('REPLY_LOST', message, facts));
  }

  /** Never settled, as the complete log shows; or settled in a memory that Redis lost. */
  private isProven(call: Call, { lastFrame, incarnation }: ProbeAnswer): boolean {
    // What was ignored may have been its reply; and nobody can have written it into a log that is full of ids.
    if (this.replies.mayHaveMissed(call.startedAt) || lastFrame === LAST_ID) return false;
    if (this.replies.isComplete(call.leftAt, lastFrame)) return true;
    return call.incarnation !== undefined && call.incarnation.born !== incarnation.born;
  }
}
