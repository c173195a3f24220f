import { Keys } from '../../protocol/keys.js';
import type { Frame } from '../../protocol/frame.js';
import { CallerBroker } from '../../redis/caller-broker.js';
import { connectionNames, thisApplication, thisProcess } from '../../redis/connection-name.js';
import { Link, type LinkObserver, type LinkSettings } from '../../redis/link.js';
import { Subscription } from '../../redis/subscription.js';
import type { CommandFailure } from '../../redis/failure.js';
import type { ResolvedClientOptions } from '../../options/index.js';
import type { Clock } from '../clock.js';
import type { RateLimitedLogger } from '../rate-limited-logger.js';
import { RedisClock } from '../redis-clock.js';
import { OutcomeResolver } from './outcome/outcome-resolver.js';
import { LostEntryProbe, type LostEntryProbeHooks } from './outcome/lost-entry-probe.js';
import { ReplyReader } from './replies/reply-reader.js';
import { Writer } from './sending/writer.js';
import { thrownText } from '../../thrown.js';

export interface CallerShardHooks extends LostEntryProbeHooks {
  frame(frame: Frame): void;
  /** Both connections are up and proven, or one of them is gone. */
  changed(): void;
  /** Something that may have answered a call could not be read. */
  ignored(shard: CallerShard): void;
  /** Redis has lost its memory since this client first met it. */
  forgotten(): void;
}

/** A client's part in one shard: a connection, for replies a second one, a writer, a reader of replies, an arbiter. */
export class CallerShard {
  readonly writer: Writer;
  readonly replyReader: ReplyReader;
  readonly resolver: OutcomeResolver;
  readonly probe: LostEntryProbe;
  readonly keys: Keys;
  readonly commands: Link;
  readonly subscription: Subscription;
  private born: number | undefined;
  private commandsUp = false;
  private subscribed = false;
  /** Somebody calls through it, so replies will come. */
  private listening = false;
  /** Without the subscription it does not count as up. */
  private mustHear = false;

  constructor(
    options: ResolvedClientOptions,
    links: LinkSettings,
    shard: number,
    callerId: string,
    clock: Clock,
    private readonly logger: RateLimitedLogger,
    private readonly hooks: CallerShardHooks,
  ) {
    const keys = (this.keys = new Keys(options.prefix, shard, options.shards));
    const redisClock = new RedisClock(clock);
    const own = { ...links, name: connectionNames('client', thisApplication(), thisProcess) };
    this.commands = new Link('commands', own, {
      up: async () => {
        const sentAt = clock.now();
        const incarnation = await broker.hello();
        redisClock.observe(incarnation.now, sentAt);
        if (this.born !== undefined && this.born !== incarnation.born) this.hooks.forgotten();
        this.born = incarnation.born;
        this.commandsUp = true;
        if (this.listening) this.replyReader.attach();
        this.writer.up(incarnation);
        if (this.subscribed) this.readMissed();
        this.hooks.changed();
      },
      down: () => {
        this.commandsUp = false;
        this.mustHear = this.listening;
        this.writer.down();
        this.hooks.changed();
      },
    });
    const broker = new CallerBroker(this.commands, keys, callerId, options.maxBacklog);
    this.replyReader = new ReplyReader(broker, clock, options.redis.kind !== 'cluster', {
      frame: (frame) => this.hooks.frame(frame),
      lost: () => logger.warn('log', 'Redis lost the reply log of this client'),
      ignored: () => this.hooks.ignored(this),
      complain: (message) => logger.warn('frame', message),
    });
    this.writer = new Writer(broker, clock, redisClock, {
      trim: () => this.replyReader.trimPoint(),
      recycle: () => this.commands.recycle('late packets must not follow'),
      complain: (kind, message) => logger.error(kind, message),
    });
    this.resolver = new OutcomeResolver(broker, this.replyReader);
    this.probe = new LostEntryProbe(broker, this.replyReader, clock, hooks);
    const follow = { ...own, ahead: this.commands, observer: this.hearing(own.observer) };
    this.subscription = new Subscription(follow, [broker.logKey], {
      message: (_, text) => this.replyReader.message(text),
      proven: () => {
        this.subscribed = true;
        this.mustHear = true;
        this.replyReader.resumed();
        if (this.commandsUp) this.readMissed();
        this.hooks.changed();
      },
      lost: () => {
        this.subscribed = false;
        this.replyReader.interrupted();
        this.hooks.changed();
      },
    });
  }

  get isUp(): boolean {
    return this.commandsUp && (this.subscribed || !this.mustHear);
  }

  /** Why nothing is stored, or no reply is heard, at this moment. */
  get obstacle(): Error | undefined {
    return this.writer.obstacle ?? this.commands.obstacle ?? this.subscription.link.obstacle;
  }

  start(): void {
    this.commands.start();
  }

  /**
   * Has a subscription and a reply log from here on: whoever only emits needs neither. The log is asked for
   * before anything that is sent next, so a reply that comes before the subscription stands is read from it.
   */
  expectReplies(): void {
    if (!this.listening) {
      this.listening = true;
      this.mustHear = !this.commandsUp;
      this.subscription.link.start();
    }
    this.replyReader.attach();
  }

  /** Passes on what happens to the subscriber, and sees that replies cannot be heard. */
  private hearing(observer: LinkObserver): LinkObserver {
    return {
      ready: (role) => observer.ready(role),
      closed: (role, reason) => observer.closed(role, reason),
      failed: (role, error, attempt) => {
        observer.failed(role, error, attempt);
        this.mustHear = true;
        this.hooks.changed();
      },
    };
  }

  async stop(): Promise<void> {
    await Promise.all([this.commands.stop(), this.subscription.link.stop()]);
    this.commandsUp = false;
    this.subscribed = false;
  }

  /** After every interruption of either connection; when it fails, the next connection asks again. */
  private readMissed(): void {
    this.replyReader.catchUp().catch((error: CommandFailure) => {
      if (error.kind !== 'refused') return;
      this.logger.warn('log', `reading the reply log failed: ${thrownText(error)}`);
    });
  }
}
