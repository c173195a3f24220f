import type { ResolvedClientOptions } from '../../options/index.js';
import type { Keys } from '../../protocol/keys.js';
import type { AnsweredWildcard, CallerBroker, MatchedPattern } from '../../redis/caller-broker.js';
import type { CommandFailure } from '../../redis/failure.js';
import type { Link, LinkSettings } from '../../redis/link.js';
import type { Subscription } from '../../redis/subscription.js';
import { thrownText } from '../../thrown.js';
import type { Clock } from '../clock.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import type { RedisClock } from '../redis-clock.js';
import type { LostEntryProbe, LostEntryProbeHooks } from './outcome/lost-entry-probe.js';
import type { OutcomeResolver } from './outcome/outcome-resolver.js';
import type { ConfirmedReplies } from './replies/confirmed-replies.js';
import { LogPolling } from './replies/log-polling.js';
import type { ReplyMux } from './replies/reply-mux.js';
import type { ReplyReader } from './replies/reply-reader.js';
import type { Spreads } from './sending/spreads.js';
import type { SentPatterns } from './sending/sent-patterns.js';
import type { Writer } from './sending/writer.js';

/** What all shards of one client share. */
export interface CallerContext {
  readonly callerId: string;
  readonly options: ResolvedClientOptions;
  readonly links: LinkSettings;
  readonly clock: Clock;
  readonly logger: RateLimitedLogger;
  /** Takes the frames that come in any shard. */
  readonly mux: Pick<ReplyMux, 'frame'>;
  /** Hears which patterns are spread. */
  readonly spreads: Pick<Spreads, 'noted'>;
  /** Whether any calls are open. */
  readonly isWaiting: () => boolean;
}

export interface CallerShardHooks extends LostEntryProbeHooks {
  /** The shard came up or went down, or may have. */
  changed(): void;
  /** Something that may have answered a call could not be read. */
  ignored(shard: CallerShard): void;
  /** Redis has lost its memory since this client first met it. */
  forgotten(): void;
}

/** What a shard of a client is made of. */
export interface CallerShardParts {
  readonly keys: Keys;
  /** The connection for everything but messages. */
  readonly commands: Link;
  /** The channel of this caller, on a connection of its own. */
  readonly subscription: Subscription;
  readonly broker: CallerBroker;
  readonly redisClock: RedisClock;
  readonly writer: Writer;
  readonly sent: SentPatterns;
  readonly replyReader: ReplyReader;
  /** Where replies count only when replicas have them. */
  readonly confirmed: ConfirmedReplies | undefined;
  readonly resolver: OutcomeResolver;
  readonly probe: LostEntryProbe;
}

/**
 * A client's part in one shard while it lives: passes on what happens to its two connections, and knows whether
 * calls can be stored and their replies heard. The subscription is opened for the first call only.
 */
export class CallerShard {
  readonly keys: Keys;
  readonly commands: Link;
  readonly subscription: Subscription;
  readonly writer: Writer;
  readonly replyReader: ReplyReader;
  readonly resolver: OutcomeResolver;
  readonly probe: LostEntryProbe;
  /** Birth of the memory that was met last (Redis' clock, ms). */
  private born: number | undefined;
  private commandsUp = false;
  private subscribed = false;
  /** Calls were made, so replies will come. */
  private listening = false;
  /** Without the subscription it does not count as up. */
  private mustHear = false;
  private readonly polling: LogPolling;

  constructor(
    private readonly parts: CallerShardParts,
    private readonly context: Pick<CallerContext, 'clock' | 'logger' | 'isWaiting'>,
    private readonly hooks: Pick<CallerShardHooks, 'changed' | 'forgotten'>,
  ) {
    this.keys = parts.keys;
    this.commands = parts.commands;
    this.subscription = parts.subscription;
    this.writer = parts.writer;
    this.replyReader = parts.replyReader;
    this.resolver = parts.resolver;
    this.probe = parts.probe;
    this.polling = new LogPolling(context.clock, {
      isWanted: () => this.commandsUp && !this.subscribed && context.isWaiting(),
      read: () => this.replyReader.catchUp().catch(() => undefined),
    });
  }

  /** The current ioredis objects: for commands and for messages. */
  connections(): unknown[] {
    return [this.commands.current, this.subscription.link.current];
  }

  get isUp(): boolean {
    const hears = this.subscribed || this.subscription.isRefused;
    return this.commandsUp && (hears || !this.mustHear);
  }

  /** Why nothing is stored, or no reply is heard, at this moment. */
  get obstacle(): Error | undefined {
    return this.writer.obstacle ?? this.commands.obstacle ?? this.subscription.link.obstacle;
  }

  start(): void {
    this.commands.start();
  }

  /** Wildcards whose requests are answered in this shard. @param most announcements that are looked at */
  answeredWildcards(most: number): Promise<AnsweredWildcard[]> {
    return this.parts.broker.answeredWildcards(most);
  }

  /** For each of the patterns, whether a group with a wildcard answers it. */
  answerers(patterns: readonly MatchedPattern[]): Promise<boolean[]> {
    return this.parts.broker.answerers(patterns);
  }

  /**
   * Opens the subscription and asks for the reply log, unless that is done: a client that only emits needs neither.
   * The log is asked for before anything that is sent next, so a reply that comes before the subscription stands is
   * read from it.
   */
  expectReplies(): void {
    if (!this.listening) {
      this.listening = true;
      this.mustHear = !this.commandsUp;
      this.subscription.link.start();
    }
    this.replyReader.attach();
    if (!this.subscribed) this.polling.later();
  }

  /** Tells an instance how far the readers of its streams have come. What is lost is said again later. */
  credit(consumer: string, text: string): void {
    if (this.commandsUp) this.parts.broker.credit(consumer, text).catch(() => undefined);
  }

  async stop(): Promise<void> {
    await Promise.all([this.commands.stop(), this.subscription.link.stop()]);
    this.commandsUp = false;
    this.subscribed = false;
    this.polling.stop();
    this.parts.sent.stop();
  }

  // ---- What happens to the connections

  /** A new connection for commands is ready. Rejects when Redis cannot be asked which memory it has. */
  async connected(): Promise<void> {
    const { broker, redisClock } = this.parts;
    const sentAt = this.context.clock.now();
    const incarnation = await broker.hello();
    redisClock.observe(incarnation.now, sentAt);
    if (this.born !== undefined && this.born !== incarnation.born) this.hooks.forgotten();
    this.born = incarnation.born;
    this.commandsUp = true;
    if (this.listening) this.replyReader.attach();
    this.writer.up(incarnation);
    if (this.subscribed) this.readMissed();
    else this.polling.later();
    this.hooks.changed();
  }

  /** The connection for commands is gone. */
  disconnected(): void {
    this.commandsUp = false;
    this.mustHear = this.listening;
    this.parts.confirmed?.drop();
    this.writer.down();
    this.hooks.changed();
  }

  /** Replies are pushed from here on. */
  subscriptionStands(): void {
    this.subscribed = true;
    this.mustHear = true;
    this.replyReader.resumed();
    if (this.commandsUp) this.readMissed();
    this.hooks.changed();
  }

  /** Replies are not pushed any more. */
  subscriptionLost(): void {
    this.subscribed = false;
    this.parts.confirmed?.drop();
    this.replyReader.interrupted();
    this.polling.later();
    this.hooks.changed();
  }

  /** An attempt to open the subscription failed, so replies are not pushed. */
  subscriptionFailed(): void {
    this.mustHear = true;
    this.polling.later();
    this.hooks.changed();
  }

  /** After every interruption of either connection; when it fails, the next connection asks again. */
  private readMissed(): void {
    this.replyReader.catchUp().catch((error: CommandFailure) => {
      if (error.kind !== 'refused') return;
      this.context.logger.warn(
        'REPLY_LOG_UNREADABLE',
        `reading the reply log failed: ${thrownText(error)}`,
      );
    });
  }
}
