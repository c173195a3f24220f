import { markCall, RedisStreamsError } from '../../errors.js';
import type { ResolvedClientOptions } from '../../options/index.js';
import { shardOf } from '../../protocol/keys.js';
import type { LinkObserver } from '../../redis/link.js';
import type { Refusal } from '../../redis/verdict.js';
import type { Clock } from '../clock.js';
import { DeadlineQueue } from '../deadline-queue.js';
import { onAbort } from '../abort-listeners.js';
import { IdTable } from '../id-table.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { outside } from '../outside.js';
import { ShardsInReach, type Reach } from '../shards-in-reach.js';
import { assembleShard } from './assemble-shard.js';
import { Call, type CallOwner } from './call.js';
import { newCallerId } from './caller-id.js';
import type { CallRequest, CallSink } from './call-request.js';
import type { CallerShard, CallerShardHooks } from './caller-shard.js';
import { CallTermination } from './outcome/call-termination.js';
import { Inquiries } from './outcome/inquiries.js';
import type { EntryRequest } from './sending/entry-request.js';
import { EventBook, type EventTerms } from './sending/event-book.js';
import type { OutgoingEvent } from './sending/event.js';
import { sendWhenWritten } from './sending/late-data.js';
import { failureOf, obstacleTo, refusalOf } from './sending/not-stored.js';
import { sealedFor } from './sending/sealed-data.js';
import { Spreads } from './sending/spreads.js';
import { ReplyMux, type ReplyMuxHooks } from './replies/reply-mux.js';
import type { ProducerDiagnostics } from './producer-diagnostics.js';
import { Credits } from './replies/credits.js';
import { Unserved } from './sending/unserved.js';

/**
 * Number of the first call. It has eleven digits, because V8 puts every shorter text that it finds in JSON into its
 * table of known strings. For ids that never come again that is the most expensive part of reading a reply.
 */
const FIRST_CALL = 10_000_000_000;

const NO_TERMS: EventTerms = {};
const nothing = (): void => undefined;

export interface ProducerHooks extends LinkObserver {
  /** Shards came up or went down. */
  status(reach: Reach): void;
  readonly diagnostics: ProducerDiagnostics;
}

/**
 * The engine of a client: sends calls and events, and passes replies on. Every call ends exactly once, and its error
 * says truthfully whether its handler certainly did not run.
 */
export class Producer implements CallOwner {
  readonly callerId = newCallerId();
  readonly shards: readonly CallerShard[];
  readonly reach: ShardsInReach;
  private readonly calls = new IdTable<Call>();
  private readonly events: EventBook;
  private readonly deadlines: DeadlineQueue<Call | OutgoingEvent>;
  private readonly mux: ReplyMux;
  /** Told how far readers of streams come. */
  readonly credits: Credits;
  private readonly termination: CallTermination;
  private nextCall = FIRST_CALL;
  private readonly unserved: Unserved;
  private readonly inquiries: Inquiries;
  private readonly spreads: Spreads;
  private readonly diagnostics: ProducerDiagnostics;
  private closed = false;

  constructor(
    private readonly options: ResolvedClientOptions,
    readonly clock: Clock,
    logger: RateLimitedLogger,
    hooks: ProducerHooks,
  ) {
    const diagnostics = (this.diagnostics = hooks.diagnostics);
    this.deadlines = new DeadlineQueue(clock, (item) => this.expire(item));
    this.events = new EventBook({
      ...{ maxPending: options.maxPending, clock, deadlines: this.deadlines, diagnostics },
      send: (event) => this.shardFor(event.stream).writer.push(event),
    });
    const { deserializer } = options;
    this.mux = new ReplyMux(this.calls, this.muxHooks(), diagnostics, deserializer);
    this.credits = new Credits(this.callerId, clock, {
      post: (call) => this.shardFor(call.stream),
      moved: (call) => this.renew(call),
    });
    const send = (call: Call): void => this.push(call);
    const shardFor = (call: Call): CallerShard => this.shardFor(call.stream);
    const refused = (call: Call, why: Refusal) => this.fail(call, refusalOf(call, why, ''));
    this.unserved = new Unserved(clock, { send, shardFor, refused });
    this.termination = new CallTermination(clock, {
      resolver: (call) => this.shardFor(call.stream).resolver,
      isUp: (call) => this.shardFor(call.stream).isUp,
      obstacle: (call) => this.shardFor(call.stream).obstacle,
      remove: (call) => {
        this.remove(call);
        diagnostics.forgotten(call);
      },
      fail: this.fail,
    });
    const isUp = (stream: string): boolean => this.shardFor(stream).isUp;
    this.spreads = new Spreads({ shards: options.shards, clock, isUp, send });
    const { redis: target, retryDelay: maxPause } = options;
    const links = { target, maxPause, observer: hooks, shared: {} };
    const { callerId, mux, spreads } = this;
    const isWaiting = (): boolean => this.calls.size > 0;
    const context = { callerId, mux, isWaiting, options, links, spreads, clock, logger };
    const shards = () => this.shards;
    this.reach = new ShardsInReach({ shards, clock, logger, tell: (reach) => hooks.status(reach) });
    const shardHooks: CallerShardHooks = {
      changed: () => this.reach.changed(),
      forgotten: () => this.unserved.forgotten(),
      sendAgain: (call) => this.sendAgain(call),
      lost: this.fail,
      ignored: (shard) => this.inquiries.doubt(shard),
    };
    this.shards = Array.from({ length: options.shards }, (_, number) =>
      assembleShard(context, number, shardHooks),
    );
    this.inquiries = new Inquiries(clock, this.calls, shards, (stream) => this.shardFor(stream));
  }

  /** The ioredis objects in use now: those for commands and for messages, which shards share. */
  connections(): unknown[] {
    return [...new Set(this.shards.flatMap((shard) => shard.connections()))];
  }

  /** A shard that can be used, if there is one. */
  get reached(): CallerShard {
    return this.shards.find(({ isUp }) => isUp) ?? (this.shards[0] as CallerShard);
  }

  /** How many calls are open. */
  get pending(): number {
    return this.calls.size;
  }

  start(): void {
    for (const shard of this.shards) outside(() => shard.start());
  }

  /** Sends a request. `sink` is told of everything that follows, but never before this returns. */
  call(request: CallRequest, sink: CallSink, terms: EventTerms = NO_TERMS): Call {
    return outside(() => this.begin(request, sink, terms));
  }

  private begin(request: CallRequest, sink: CallSink, { signal, written }: EventTerms): Call {
    const call = new Call(String(this.nextCall++), request, sink, this);
    this.diagnostics.sent(call);
    const refusal = obstacleTo(request, this.closed, this.calls.size, this.options.maxPending);
    if (refusal !== undefined) return this.refuse(call, refusal);
    this.calls.set(call);
    request.scope?.callOpened();
    this.deadlines.add(call);
    if (!this.spreads.isEmpty) this.spreads.route(call);
    this.push(call, written);
    this.inquiries.later();
    if (signal !== undefined) call.abortListener = onAbort(signal, () => this.cancel(call, true));
    return call;
  }

  /** Resolves when the event is stored. Rejects when its time is over, its signal fires or the client closes. */
  publish(request: EntryRequest, terms: EventTerms = NO_TERMS): Promise<void> {
    if (this.closed) {
      return Promise.reject(new RedisStreamsError('CLOSED', 'the client is closed', request));
    }
    return outside(() => this.events.publish(request, terms));
  }

  /** The application has stopped waiting for the call. @param tell whether its sink is still to be told */
  cancel(call: Call, tell: boolean): void {
    if (call.state !== 'settled') outside(() => this.termination.giveUp(call, 'CANCELLED', tell));
  }

  /**
   * Ends all calls and events and closes the connections. Instances that run a call are told to stop.
   *
   * @param cause the error of these calls, instead of CLOSED
   */
  close(cause?: RedisStreamsError): Promise<void> {
    this.closed = true;
    const closedBy = cause ?? new RedisStreamsError('CLOSED', 'the client was closed');
    return outside(() => this.end(closedBy));
  }

  private async end(closedBy: RedisStreamsError): Promise<void> {
    const events = this.deadlines.items().filter((item) => !(item instanceof Call));
    this.events.close(events, closedBy);
    await Promise.all(this.calls.values().map((call) => this.termination.close(call, closedBy)));
    this.deadlines.clear();
    this.inquiries.stop();
    this.credits.stop();
    await this.termination.within(this.shards.map(({ resolver }) => resolver.done()));
    await Promise.all(this.shards.map((shard) => shard.stop()));
    this.reach.stop();
  }

  stored(call: Call, unsafe?: Error): void {
    this.diagnostics.stored(call);
    if (unsafe !== undefined) this.termination.unsafe(call, unsafe);
    // Given up while its batch was on its way: the id of its entry is known only now, so its instance is told only now.
    // A call that was answered is over (replies often come before the verdict), unless another copy was stored as well.
    if (call.state !== 'settled' || (call.answered && !call.tainted)) return;
    this.shardFor(call.stream).resolver.ask(call, nothing);
  }

  refused(call: Call, reason: Refusal, cause: Error | undefined): void {
    if (this.spreads.offered(call) || this.unserved.waits(call, reason)) return;
    const message = `Redis refused to store a call of ${call.pattern}`;
    this.fail(call, refusalOf(call, reason, message, cause));
  }

  failed(call: Call, error: RedisStreamsError): void {
    if (!this.spreads.offered(call)) this.fail(call, failureOf(call, error));
  }

  private expire(item: Call | OutgoingEvent): void {
    if (item instanceof Call) return this.termination.giveUp(item, 'TIMEOUT', true);
    const { isUp, obstacle } = this.shardFor(item.stream);
    item.expire(isUp, obstacle);
  }

  private readonly fail = (call: Call, error: RedisStreamsError): void => {
    if (call.state === 'settled') return;
    this.remove(call);
    markCall(error, call.callId);
    this.diagnostics.ended(call, 'refused', error);
    call.sink.error(error);
  };

  /** Refuses a call before anything was done. Its sink is told in a microtask, so not before `call` returns. */
  private refuse(call: Call, error: RedisStreamsError): Call {
    call.state = 'settled';
    markCall(error, call.callId);
    this.diagnostics.ended(call, 'refused', error);
    queueMicrotask(() => call.sink.error(error));
    return call;
  }

  private muxHooks(): ReplyMuxHooks {
    return {
      finished: (call, failed) => this.answered(call, failed),
      faulted: (call, error) => {
        call.answered = true;
        this.fail(call, error);
      },
      broken: (call, error) => {
        this.fail(call, error);
        // An instance that still runs it runs in vain, so it is told to stop.
        const isStored = call.entry !== undefined || call.dueAt > 0;
        if (isStored) this.shardFor(call.stream).resolver.ask(call, nothing);
      },
      renewed: (call) => this.renew(call),
      gap: ({ stream }) => void this.shardFor(stream).replyReader.catchUp().catch(nothing),
    };
  }

  /** The last reply came, so its entry is settled. */
  private answered(call: Call, failed: boolean): void {
    call.answered = true;
    this.remove(call);
    this.diagnostics.ended(call, failed ? 'failed' : 'answered');
  }

  private remove(call: Call): void {
    call.over();
    if (this.calls.delete(call)) call.request.scope?.callClosed();
    this.deadlines.remove(call);
  }

  private renew(call: Call): void {
    if (call.request.idle === 0 || call.state === 'settled') return;
    this.deadlines.remove(call);
    // Silence is the service's only while the reader has taken all that came.
    if (call.reading?.isStanding === true) return;
    call.expiresAt = this.clock.now() + call.request.idle;
    this.deadlines.add(call);
  }

  /** Sends the call once more, as another entry. From here on it cannot be said that it certainly did not run. */
  private sendAgain(call: Call): void {
    call.again();
    this.push(call);
  }

  /** Sends a call. If its data are bound to its entry, they are written anew for each. */
  private push(call: Call, written = sealedFor(call, this.clock.now())): void {
    const shard = this.shardFor(call.stream);
    shard.expectReplies();
    if (written === undefined) shard.writer.push(call);
    else sendWhenWritten(call, written, (late) => shard.writer.push(late), this.fail);
  }

  private shardFor(stream: string): CallerShard {
    return this.shards[shardOf(stream, this.options.shards)] as CallerShard;
  }
}
