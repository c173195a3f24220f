import type { Promoted, StartBroker } from '../../../redis/start-broker.js';
import { thrownText } from '../../../thrown.js';
import { Periodic } from '../../periodic.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds after which all streams are looked at, whatever was told: a message may be lost. */
const EVERY = 30_000;
/** Milliseconds until Redis is asked again that gave no answer. */
const AGAIN = 1000;
/** Fewest milliseconds between two looks: the estimate of Redis' clock may be ahead by so much. */
const APART = 2;
/** Streams that one script looks at. */
const TOGETHER = 64;
/** What one script adds at most: entries, and bytes of these. */
const BOUNDS = { most: 100, size: 1_048_576 } as const;

/** What members tell each other of an entry that is the first of its stream to be due. */
const TOLD = /^due (\d{1,16}) (.+)$/s;

/**
 * Adds entries to their streams when they are due. Each member does, whoever stored them: what is due is taken away in
 * the step that adds it, so members do not have to agree. Where nothing is scheduled, Redis is asked at the start, after
 * each interruption, and every half a minute.
 */
export class ScheduledEntries {
  /** When the next of a stream is due (Redis' clock, ms); streams of which none waits are missing. */
  private readonly due = new Map<string, number>();
  private readonly rounds: Periodic;
  private isLooking = false;
  private hasFailed = false;
  /** When all streams are looked at next (monotonic, ms). */
  private allAt = 0;
  /** Looks that have begun. Each begins at another stream: one look adds so much, and the first may have more than that. */
  private looks = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly broker: StartBroker,
    private readonly streams: () => readonly StreamState[],
  ) {
    this.rounds = new Periodic(context.clock, {
      wait: () => this.wait(),
      run: () => this.look(),
    });
  }

  start(): void {
    this.rounds.start();
  }

  stop(): void {
    this.rounds.stop();
  }

  /** Looks at all streams: messages may have been missed. */
  lookAtAll(): void {
    this.allAt = 0;
    this.hasFailed = false;
    this.rounds.again();
  }

  /** Reads a message of a sender. Returns whether it is one about entries that are due later. */
  told(text: string): boolean {
    const [, at, name = ''] = TOLD.exec(text) ?? [];
    if (at === undefined) return text.startsWith('due ');
    if (!this.streams().some((stream) => stream.name === name)) return true;
    const known = this.due.get(name);
    if (known === undefined || Number(at) < known) {
      this.due.set(name, Number(at));
      this.rounds.again();
    }
    return true;
  }

  private wait(): number {
    if (this.hasFailed) return AGAIN;
    const { clock, redisClock } = this.context;
    let first = Number.POSITIVE_INFINITY;
    for (const at of this.due.values()) first = Math.min(first, at);
    const wait = Math.min(first - redisClock.now(), this.allAt - clock.now());
    return Math.max(APART, Math.ceil(wait));
  }

  /** Never rejects. */
  private async look(): Promise<void> {
    if (this.isLooking) return;
    this.isLooking = true;
    const due = this.lookedAt();
    const first = due.length === 0 ? 0 : this.looks++ % due.length;
    const names = [...due.slice(first), ...due.slice(0, first)];
    try {
      for (let from = 0; from < names.length; from += TOGETHER)
        await this.promote(names.slice(from, from + TOGETHER));
      this.hasFailed = false;
    } catch (error) {
      this.hasFailed = true;
      this.allAt = 0;
      const why = `what is due could not be looked at: ${thrownText(error)}`;
      if (this.context.isUp) this.context.logger.warn('SCHEDULED_UNSEEN', why);
    } finally {
      this.isLooking = false;
    }
  }

  /** The streams whose turn it is. */
  private lookedAt(): string[] {
    const { clock, redisClock } = this.context;
    if (clock.now() >= this.allAt) {
      this.allAt = clock.now() + EVERY;
      return this.streams()
        .filter(({ isBroken }) => !isBroken)
        .map(({ name }) => name);
    }
    const now = redisClock.now();
    return [...this.due].filter(([, at]) => at <= now).map(([name]) => name);
  }

  private async promote(names: readonly string[]): Promise<void> {
    const { clock, redisClock } = this.context;
    const sentAt = clock.now();
    // What is told from here on may be news to the answer, also where it comes before that.
    for (const name of names) this.due.delete(name);
    const { now, streams } = await this.broker.promote(names, BOUNDS);
    redisClock.observe(now, sentAt);
    for (const [i, promoted] of streams.entries()) this.note(names[i] as string, promoted);
  }

  private note(name: string, { next, failed }: Promoted): void {
    if (failed !== '') {
      const why = `what is due in ${name} cannot be added to it: ${failed}`;
      this.context.logger.warn(`SCHEDULED_STUCK ${name}`, why);
    } else if (next !== undefined) this.due.set(name, Math.min(next, this.due.get(name) ?? next));
  }
}
