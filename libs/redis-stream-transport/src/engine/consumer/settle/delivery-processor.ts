import type { RetryPolicy } from '../../../options/index.js';
import type { RawEntry } from '../../../protocol/entry.js';
import { REPLY, type ReplyKind } from '../../../protocol/frame.js';
import type { HeldEntry } from '../../../redis/entries.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import { DeadLetterWriter } from './dead-letter-writer.js';
import { lastLetter } from './dead-letters.js';
import type { Watermark } from '../../../redis/operations/serving/read.js';
import type { StartBroker } from '../../../redis/start-broker.js';
import { EntryRouter } from '../intake/entry-router.js';
import type { Delivery, DeliveryOwner } from '../run/delivery.js';
import { expiredLetter, faultText, type FailedAttempt, type DeadLetterCause } from '../run/ends.js';
import type { Dispatcher } from '../run/dispatcher.js';
import { attemptOf, EntryLines } from './entry-lines.js';
import { Insistence } from './insistence.js';
import { Retries, retryDelay } from '../run/retries.js';
import { retriesTold } from '../run/retries-told.js';
import { stateFrom } from '../run/run-watch.js';
import { replyText } from './reply-text.js';
import { Settler } from './settler.js';
import { resultOf } from '../run/keyed-results.js';
import { Admissions } from '../run/admissions.js';
import type { Message } from '../run/delivery-owner.js';
import { StartGuard } from '../run/start-guard.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from '../intake/stream-state.js';
import { Unhandled } from '../intake/unhandled.js';

export interface DeliveryProcessorHooks {
  /** Runs the handlers of a delivery that may start. */
  run(delivery: Delivery): void;
  /** The entry was handed to another member, which does not know it yet. */
  handed(consumer: string): void;
}

export interface DeliveryProcessorParts {
  readonly context: ShardContext;
  readonly broker: GroupBroker;
  readonly starts: StartBroker;
  readonly streams: StreamState[];
  readonly dispatcher: Dispatcher;
  readonly hooks: DeliveryProcessorHooks;
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Turns the entries of one group in one shard into deliveries, and the ends of deliveries into settlements,
 * retries and dead letters.
 */
export class DeliveryProcessor implements DeliveryOwner {
  readonly broker: GroupBroker;
  /** Those of wildcards come and go. */
  readonly streams: StreamState[];
  readonly settler: Settler;
  readonly retries: Retries;
  private readonly context: ShardContext;
  private readonly dispatcher: Dispatcher;
  private readonly insistence: Insistence;
  readonly startGuard: StartGuard;
  private readonly admissions: Admissions;
  private readonly router: EntryRouter;
  private readonly unhandled: Unhandled;
  private readonly lines: EntryLines;
  private readonly deadLetters: DeadLetterWriter;

  constructor(parts: DeliveryProcessorParts) {
    const { context, broker, dispatcher, hooks } = parts;
    this.context = context;
    this.broker = broker;
    this.streams = parts.streams;
    this.dispatcher = dispatcher;
    this.lines = new EntryLines(context.logger);
    this.retries = new Retries(context.clock, retriesTold(context, broker.group));
    const eased = (): void => dispatcher.eased();
    this.insistence = new Insistence(context, eased);
    this.settler = new Settler(context, broker, {
      released: (delivery) => delivery.stream.release(delivery),
      logFull: (delivery) => {
        if (!delivery.ended && !delivery.isAborted) dispatcher.abort(delivery);
      },
      eased,
    });
    const ways = { insistence: this.insistence, settler: this.settler };
    this.deadLetters = new DeadLetterWriter(context, broker, ways, this.lines);
    this.unhandled = new Unhandled(context, broker, ways, hooks);
    this.admissions = new Admissions(context, parts.starts, (delivery) =>
      this.finish(delivery, undefined, undefined),
    );
    this.startGuard = new StartGuard(context, parts.starts, {
      run: (delivery) => {
        context.diagnostics.started(delivery);
        if (delivery.isRestart) this.reply(delivery, REPLY.restart, undefined, false);
        context.windows.begin(delivery);
        this.settler.began();
        hooks.run(delivery);
      },
      lost: (delivery) => {
        this.end(delivery);
        context.diagnostics.ended(delivery, 'left');
        delivery.stream.release(delivery);
      },
      wait: (delivery, ms) => {
        this.end(delivery);
        const { attempts, state } = delivery.history;
        this.waitFor(delivery, this.context.redisClock.now() + ms, attempts, state);
      },
    });
    this.router = new EntryRouter(
      context,
      { owner: this, slots: dispatcher, broker },
      {
        group: () => broker.group,
        ready: (delivery) => dispatcher.accept(delivery),
        mayPark: () => dispatcher.mayPark,
        early: (delivery, { at, attempts, state }) => {
          delivery.ended = true;
          this.waitFor(delivery, at, attempts, state);
        },
        unhandled: (delivery, request) => {
          this.end(delivery);
          this.unhandled.decide(delivery, request);
        },
      },
    );
  }

  /** Entries that have ended here and wait for Redis to take note: so many fewer are read. */
  get owed(): number {
    return this.insistence.size + this.settler.owed;
  }

  /** What could start; undefined while the most permitted entries wait for another attempt. */
  get slots(): Pick<Dispatcher, 'free' | 'ahead'> | undefined {
    return this.retries.isFull ? undefined : this.dispatcher;
  }

  /** New entries of a read. @param seen which packs must be looked at first, as Redis said after the read */
  accept(stream: StreamState, entries: readonly RawEntry[], seen?: Watermark): void {
    for (const raw of entries) this.router.takeNew(stream, raw, seen);
  }

  /** Takes entries that were claimed from a dead consumer, or that the audit found. */
  acceptHeld(
    stream: StreamState,
    entries: readonly HeldEntry[],
    givenUp: ReadonlySet<string> = NONE,
  ): void {
    for (const entry of entries) this.router.takeHeld(stream, entry, givenUp);
  }

  /** Resolves when all that has ended is settled, retries and dead letters included. */
  async settled(): Promise<void> {
    await Promise.all([this.settler.settled(), this.insistence.settled()]);
  }

  /** The lease was renewed: settles what was in doubt, and ends entries whose settlement Redis has lost. */
  confirmed(): void {
    this.settler.resume();
    this.insistence.resume();
    this.startGuard.resume();
    this.admissions.resume();
    void this.startGuard.endForgotten(this.context.options.replyTtl);
  }

  /** Gives up all that is held: the identity was replaced, or the server closes. Other instances take it over. */
  abandon(reason: 'fenced' | 'closing'): void {
    this.retries.clear();
    this.settler.drop();
    for (const stream of this.streams) {
      const held = stream.deliveries();
      stream.held.clear();
      for (const delivery of held) {
        const wasEnded = delivery.ended;
        delivery.ended = true;
        delivery.abort(reason);
        if (wasEnded) continue;
        this.dispatcher.finished(delivery);
        this.context.diagnostics.ended(delivery, 'left');
      }
    }
    this.insistence.drop();
    this.startGuard.drop();
    this.admissions.drop();
    this.context.windows.clear();
  }

  // ---- DeliveryOwner

  begin(delivery: Delivery): void {
    this.startGuard.start(delivery);
  }

  reply(delivery: Delivery, kind: ReplyKind, payload: string | undefined, final: boolean): void {
    const text =
      delivery.entry.header.call === undefined
        ? undefined
        : replyText(delivery, kind, payload, delivery.takeIndex());
    delivery.recorded?.add(kind, payload);
    if (!final) {
      if (text === undefined) return;
      if (this.settler.isCongested) this.cutOff(delivery);
      else this.settler.add(delivery, text, false);
      delivery.window?.sent(text.length);
      return;
    }
    this.finish(delivery, text, kind);
    this.context.diagnostics.finished(delivery, kind, payload);
  }

  acknowledge(delivery: Delivery): void {
    this.finish(delivery, undefined, undefined);
    this.context.diagnostics.finished(delivery, undefined, undefined);
  }

  retry(delivery: Delivery, failed: FailedAttempt): void {
    const policy: RetryPolicy = delivery.pattern.spec.retry ?? this.context.options.retry;
    const attempt = attemptOf(delivery, policy);
    const attempts = attempt.number;
    const delay = failed.delay ?? retryDelay(policy, attempts, this.context.clock);
    const tooLate = this.context.redisClock.now() + delay >= delivery.deadline;
    if (attempts >= attempt.of || tooLate)
      return this.deadLetter(delivery, lastLetter(failed, attempts));
    this.lines.retry(delivery, failed, attempt, delay);
    this.context.diagnostics.retried(delivery, failed, delay);
    this.context.diagnostics.ended(delivery, 'retried');
    const dueAt = this.context.redisClock.now() + delay;
    const state = stateFrom(delivery.watch, failed.state);
    void this.insistence
      .on(delivery, () => {
        const wait = Math.max(0, dueAt - this.context.redisClock.now());
        const { spared } = delivery.history;
        const entry = { stream: delivery.stream.name, id: delivery.id, pack: delivery.packPlace };
        const note = { delay: wait, attempts, state, spared };
        return this.broker.retry(this.context.identity.owner, entry, note).then((answer) => {
          if (answer === 'unnoted') this.lines.unnoted(delivery);
          return answer === 'unnoted' ? 'ok' : answer;
        });
      })
      .then((answer) => {
        if (answer === 'ok') {
          delivery.pack?.unmark(delivery);
          this.waitFor(delivery, dueAt, attempts, state);
        } else delivery.stream.release(delivery);
      });
    this.end(delivery);
  }

  deadLetter(delivery: Delivery, letter: DeadLetterCause): void {
    this.deadLetters.write(delivery, letter);
    this.end(delivery);
    delivery.watch?.dead(letter.reason, letter.detail);
    this.context.diagnostics.ended(delivery, 'dead');
  }

  expired(delivery: Delivery): void {
    const letter = expiredLetter(delivery.history);
    if (letter.isDue || this.context.options.deadLetterExpired) this.deadLetter(delivery, letter);
    else this.reply(delivery, letter.kind, letter.payload, true);
  }

  admit(delivery: Delivery, message: Message, begin: () => void): void {
    this.admissions.ask(delivery, message, begin);
  }

  // ---- Ends

  private finish(delivery: Delivery, text: string | undefined, kind: ReplyKind | undefined): void {
    // What ran apart is settled before others begin: one of them may kill the process.
    const first = delivery.history.suspect;
    if (!first) this.end(delivery);
    this.settler.add(delivery, text, true, resultOf(delivery, kind));
    if (first) this.end(delivery);
  }

  /** Its slot is free, and its handler is ignored. Redis hears of failures before: what begins now may kill the process. */
  private end(delivery: Delivery): void {
    delivery.ended = true;
    if (delivery.window !== undefined) this.context.windows.end(delivery);
    this.dispatcher.finished(delivery);
  }

  /** Ends a streamed reply with a fault: more values wait for Redis than memory should hold. */
  private cutOff(delivery: Delivery): void {
    const message = 'more values wait for Redis than may be kept';
    const payload = faultText('REPLY_LOST', message, 'may-have-run');
    const text = replyText(delivery, REPLY.fault, payload, delivery.takeIndex());
    this.finish(delivery, text, REPLY.fault);
    this.context.diagnostics.finished(delivery, REPLY.fault, payload);
    delivery.abort('cancelled');
  }

  private waitFor(delivery: Delivery, dueAt: number, attempts: number, state: string): void {
    const { stream, name } = delivery;
    this.retries.wait(`${stream.name} ${name}`, dueAt - this.context.redisClock.now(), () => {
      if (!stream.holds(delivery)) return;
      this.dispatcher.accept(this.router.again(delivery, attempts, state));
    });
  }
}
