import { encodeFrame } from '../../protocol/frame.js';
import type { CommandFailure } from '../../redis/failure.js';
import type { Answer, CheckedAnswer, GroupBroker } from '../../redis/group-broker.js';
import type { ShardContext } from './shard-context.js';
import type { Finished } from './settlement-builder.js';
import type { SettlerHooks } from './settler.js';

/** Entries that are checked at once: they travel together, and are judged one by one. */
const PAGE = 32;
const RETRY_AFTER = 250;

export interface CheckedSettlerHooks extends SettlerHooks {
  /** What was finished is settled, or somebody else's. */
  resolved(finished: Finished, outcome: 'ok' | 'lost'): void;
  life(finished: Finished): number;
}

/**
 * Settles entries one by one, asking Redis who owns each: after a lost answer, a reconnect, a missing
 * lease, and for entries that are special (started once only, or with an idempotency key). Slower than
 * the settlement of a turn, and exact.
 */
export class CheckedSettler {
  private readonly waiting: Finished[] = [];
  private busy = false;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly hooks: CheckedSettlerHooks,
  ) {}

  get isIdle(): boolean {
    return this.waiting.length === 0;
  }

  add(finished: Finished): void {
    this.waiting.push(finished);
    if (this.context.isUp) void this.run();
  }

  resume(): void {
    void this.run();
  }

  /** Takes out everything: it is somebody else's now. */
  drop(): Finished[] {
    return this.waiting.splice(0);
  }

  private async run(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.waiting.length > 0 && this.context.isUp) {
        if (!(await this.settlePage(this.waiting.slice(0, PAGE)))) break;
      }
    } catch (error) {
      const failure = error as CommandFailure;
      if (failure.kind === 'refused') {
        this.context.logger.error('settle', `settling failed: ${failure.message}`);
      }
      this.context.clock.after(RETRY_AFTER, () => this.resume());
    } finally {
      this.busy = false;
    }
  }

  /** Returns whether to go on; rejects when Redis did not answer for one of them. */
  private async settlePage(page: readonly Finished[]): Promise<boolean> {
    const answers = await Promise.allSettled(page.map((finished) => this.settle(finished)));
    let doubt: 'missing' | 'fenced' | undefined;
    let failure: unknown;
    for (const [i, answer] of answers.entries()) {
      const finished = page[i] as Finished;
      const at = this.waiting.indexOf(finished);
      if (at === -1) continue;
      if (answer.status === 'rejected') {
        failure = answer.reason;
      } else if (answer.value === 'missing') {
        doubt ??= 'missing';
      } else {
        this.waiting.splice(at, 1);
        this.hooks.resolved(finished, answer.value === 'ok' ? 'ok' : 'lost');
        if (answer.value === 'fenced') doubt = 'fenced';
      }
    }
    if (doubt !== undefined) this.hooks.leaseDoubt(doubt);
    if (failure !== undefined) throw failure as Error;
    return doubt === undefined;
  }

  private settle(finished: Finished): Promise<CheckedAnswer> {
    const { delivery, reply, final, keyed } = finished;
    const answer = reply === undefined ? undefined : this.answer(finished, reply);
    // A value in the middle of a stream: sent again, its index tells a repetition from news.
    if (!final) return this.sendAgain(answer);
    const { stream, id, history, isRequest } = delivery;
    const { owner } = this.context;
    return this.broker.settleChecked(
      owner,
      stream.name,
      id,
      history.incarnation,
      isRequest,
      answer,
      keyed,
    );
  }

  private async sendAgain(answer: Answer | undefined): Promise<CheckedAnswer> {
    if (answer === undefined) return 'ok';
    const result = await this.broker.settle(this.context.owner, {
      logs: [{ ...answer, force: true }],
      streams: [],
    });
    return result.kind === 'full' ? 'ok' : result.kind;
  }

  private answer(finished: Finished, reply: string): Answer {
    return {
      caller: finished.delivery.entry.header.caller as string,
      frame: encodeFrame(this.context.owner.consumer, reply),
      life: this.hooks.life(finished),
    };
  }
}
