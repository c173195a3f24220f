import { encodeFrame, encodeReply, REPLY, type ReplyKind } from '../../../protocol/frame.js';
import type { CommandFailure } from '../../../redis/failure.js';
import type {
  Answer,
  GroupBroker,
  KeyedResult,
  SettleAnswer,
  Settlement,
} from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';
import { aboutOne } from './entry-lines.js';
import { CheckedSettler } from './checked-settler.js';
import { Gathered } from './gathered.js';
import { Finished, SettlementBuilder } from './settlement-builder.js';
import { Moments } from './moments.js';
import { ReplyLogs } from './reply-logs.js';
import { lostFrame, replyText } from './reply-text.js';
import type { ShardContext } from '../membership/shard-context.js';

/** Characters of replies at which a settlement leaves before the turn ends. */
const EARLY_FLUSH = 32_768;
/** Settlements without an answer at which no further one is sent. */
const MAX_UNRESOLVED = 8;
/** Most characters of replies that wait for Redis; above it streamed replies are cut off. */
export const MAX_WAITING_LENGTH = 67_108_864;
/** What a reply costs beside its text, in characters. */
const OVERHEAD = 200;

export interface SettlerHooks {
  /** The delivery is settled ('ok'), or another instance's ('lost'). */
  released(delivery: Delivery, outcome: 'ok' | 'lost'): void;
  /** The reply log of the caller is full: a value of a streamed reply was replaced by a fault. */
  logFull(delivery: Delivery): void;
  /** Fewer entries wait for Redis. */
  eased(): void;
}

/**
 * Settles in Redis what handlers finished: one script for all that ended in one turn, fenced by the lease. A
 * settlement whose answer was lost is repeated entry by entry, and Redis checks the owner of each; so is what was
 * read, or has ended, before the latest doubt (rule L11).
 */
export class Settler {
  private readonly gathered = new Gathered();
  private readonly logs: ReplyLogs;
  private readonly moments = new Moments(() => this.flush());
  private unresolved = 0;
  private readonly checked: CheckedSettler;
  private waitingLength = 0;
  private idle: (() => void)[] = [];

  constructor(
    private readonly context: ShardContext,
    private readonly broker: GroupBroker,
    private readonly hooks: SettlerHooks,
  ) {
    this.logs = new ReplyLogs(context.clock);
    this.checked = new CheckedSettler(context, broker, {
      ttlFor: (delivery) => this.ttlFor(delivery),
      shortened: (finished, settlement, full) => {
        this.tellFullLogs(finished, settlement, full);
        return this.shortened(finished, settlement, full);
      },
      resolved: (finished, outcome) => {
        this.release(finished, outcome);
        this.flush();
        this.tellIfIdle();
        hooks.eased();
      },
    });
  }

  /** What has ended and waits for Redis, beyond the settlements that are on their way. */
  get owed(): number {
    return this.checked.size + (this.mayFlush ? 0 : this.gathered.count);
  }

  /** More replies wait than memory should hold. */
  get isCongested(): boolean {
    return this.waitingLength > MAX_WAITING_LENGTH;
  }

  /** A handler begins. */
  began(): void {
    this.moments.began();
  }

  /**
   * Adds a reply (or none) and, if `final`, the end of the delivery; values, which others follow, wait for the turn's end. The
   * end of what ran apart leaves at once: what begins after it may kill the process.
   * @param keyed what is stored under the idempotency key of the entry
   */
  add(delivery: Delivery, reply: string | undefined, final: boolean, keyed?: KeyedResult): void {
    const finished = new Finished(delivery, reply, final, keyed);
    if (reply !== undefined) this.waitingLength += reply.length + OVERHEAD;
    const { generation } = this.context.identity;
    // An entry of an earlier generation may be another instance's by now: Redis checks its owner.
    if (final && delivery.history.generation !== generation) {
      this.checked.add(finished);
      return;
    }
    this.gathered.add(finished, this.ttlFor(delivery), generation);
    const { suspect } = delivery.history;
    if ((final && suspect) || this.gathered.length >= EARLY_FLUSH || this.gathered.isFull) {
      this.flush();
    } else {
      this.moments.ask(final && this.unresolved === 0);
    }
  }

  /** Ends an entry that did not run here with a fault. @param payload JSON of the fault */
  refuse(delivery: Delivery, payload: string): void {
    this.add(delivery, replyText(delivery, REPLY.fault, payload, delivery.takeIndex()), true);
  }

  /** Resolves when all that was added is settled. */
  async settled(): Promise<void> {
    this.flush();
    if (this.isIdle) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  /** The lease was renewed: sends what waits, and tries again what was in doubt. */
  resume(): void {
    this.flush();
    this.checked.resume();
  }

  /** Gives up all that waits: the identity was replaced, and another instance takes it over. */
  drop(): void {
    const dropped = [...this.gathered.takeAll()];
    this.checked.drop();
    for (const { finished } of dropped) for (const each of finished) this.release(each, 'lost');
  }

  /** Whether a settlement may leave: earlier values that are in doubt go first. */
  private get mayFlush(): boolean {
    return this.unresolved < MAX_UNRESOLVED && this.context.isUp && !this.checked.holdsValues;
  }

  private get isIdle(): boolean {
    return this.unresolved === 0 && this.checked.size === 0 && this.gathered.count === 0;
  }

  private flush(): void {
    const { identity } = this.context;
    while (this.mayFlush) {
      const part = this.gathered.take();
      if (part === undefined) return;
      const certain = part.generation === identity.generation ? part : this.doubted(part);
      if (certain.finished.length === 0) continue;
      void this.settle(certain.finished, certain.build(identity.consumer, this.logs));
    }
  }

  /** It waited, and there was a doubt meanwhile: each end of it is checked. Values have no owner; they are left. */
  private doubted({ finished }: SettlementBuilder): SettlementBuilder {
    const values = new SettlementBuilder();
    for (const each of finished) {
      if (each.final) this.checked.add(each);
      else values.add(each, this.ttlFor(each.delivery));
    }
    return values;
  }

  private async settle(finished: readonly Finished[], settlement: Settlement): Promise<void> {
    this.unresolved++;
    let answer: SettleAnswer | undefined;
    try {
      answer = await this.broker.settle(this.context.identity.owner, settlement);
    } catch (error) {
      const failure = error as CommandFailure;
      if (failure.kind === 'refused')
        this.context.logger.error('SETTLE_REFUSED', `settling failed: ${failure.message}`);
    }
    this.unresolved--;
    this.resolve(finished, settlement, answer);
    this.flush();
    this.tellIfIdle();
    this.hooks.eased();
  }

  private resolve(
    finished: readonly Finished[],
    settlement: Settlement,
    answer: SettleAnswer | undefined,
  ): void {
    switch (answer?.kind) {
      case 'ok':
        for (const log of answer.logs) {
          const caller = settlement.logs[log]?.caller;
          const lost = finished.find(({ delivery }) => delivery.entry.header.caller === caller);
          const line = (): string => `cannot write the reply log of ${caller}`;
          this.context.logger.warn('REPLY_LOG_UNWRITABLE', aboutOne(lost?.delivery, line));
        }
        for (const each of finished) this.release(each, 'ok');
        break;
      case 'full':
        void this.settle(finished, this.shortened(finished, settlement, answer.logs));
        this.tellFullLogs(finished, settlement, answer.logs);
        break;
      case 'fenced':
        for (const each of finished) this.release(each, 'lost');
        this.context.identity.doubt('fenced');
        break;
      case 'missing':
        this.context.identity.doubt('missing');
        for (const each of finished) this.checked.add(each);
        break;
      case undefined:
        for (const each of finished) this.checked.add(each);
    }
  }

  /** Replaces the replies of full logs by faults: a caller is told that its reply is lost. */
  private shortened(
    finished: readonly Finished[],
    settlement: Settlement,
    full: readonly number[],
  ): Settlement {
    const logs = settlement.logs.map((log, i) => {
      if (!full.includes(i)) return { ...log, force: true };
      const lost = finished.filter(
        ({ delivery, reply }) => delivery.entry.header.caller === log.caller && reply !== undefined,
      );
      const frame = lostFrame(
        this.context.identity.consumer,
        lost.map(({ delivery }) => delivery),
      );
      return { ...log, frame, force: true };
    });
    return { ...settlement, logs };
  }

  /** Tells handlers that still stream to a caller with a full log. */
  private tellFullLogs(
    finished: readonly Finished[],
    settlement: Settlement,
    full: readonly number[],
  ): void {
    const callers = new Set(full.map((log) => settlement.logs[log]?.caller));
    for (const { delivery, final } of finished) {
      if (!final && callers.has(delivery.entry.header.caller)) this.hooks.logFull(delivery);
    }
  }

  /** Milliseconds that a log lives: at least the timeout of the call and half a minute more. */
  ttlFor(delivery: Delivery): number {
    const { timeout } = delivery.entry.header;
    return Math.max(this.context.options.replyTtl, timeout + 30_000);
  }

  /** One reply for a script that ends its entry; undefined for events. */
  answer(delivery: Delivery, kind: ReplyKind, payload: string): Answer | undefined {
    const { call, caller } = delivery.entry.header;
    if (call === undefined || caller === undefined) return undefined;
    const reply = encodeReply({
      call,
      kind,
      deliveries: delivery.history.deliveries,
      nonce: delivery.nonce,
      index: delivery.takeIndex(),
      payload,
      headers: undefined,
    });
    return {
      caller,
      frame: encodeFrame(delivery.consumer, reply),
      ttlMs: this.ttlFor(delivery),
      // Faults are short.
      ...(kind !== REPLY.fault && { lost: lostFrame(delivery.consumer, [delivery]) }),
    };
  }

  private release({ delivery, reply, final }: Finished, outcome: 'ok' | 'lost'): void {
    if (final && outcome === 'ok') delivery.pack?.endedInRedis(delivery);
    if (reply !== undefined) this.waitingLength -= reply.length + OVERHEAD;
    if (final) this.hooks.released(delivery, outcome);
  }

  private tellIfIdle(): void {
    if (!this.isIdle) return;
    const waiting = this.idle;
    this.idle = [];
    for (const resolve of waiting) resolve();
  }
}
