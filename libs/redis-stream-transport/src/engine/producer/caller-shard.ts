import { Keys } from '../../protocol/keys.js';
import type { Frame } from '../../protocol/frame.js';
import { CallerBroker } from '../../redis/caller-broker.js';
import { connectionNames, thisApplication, thisProcess } from '../../redis/connection-name.js';
import { Link, type LinkSettings } from '../../redis/link.js';
import { Subscription } from '../../redis/subscription.js';
import type { CommandFailure } from '../../redis/failure.js';
import type { ResolvedClientOptions } from '../../options/index.js';
import type { Clock } from '../clock.js';
import type { QuietLogger } from '../logger.js';
import { RedisClock } from '../redis-clock.js';
import { Arbiter } from './arbiter.js';
import { ReAsker, type ReAskerHooks } from './re-asker.js';
import { ReplyReader } from './reply-reader.js';
import { Writer } from './writer.js';
import { thrownText } from '../../thrown.js';

export interface CallerShardHooks extends ReAskerHooks {
  frame(frame: Frame): void;
  /** Both connections are up and proven, or one of them is gone. */
  changed(): void;
  /** Something that may have answered a call could not be read. */
  ignored(shard: CallerShard): void;
  /** Redis has lost its memory since this client first met it. */
  forgotten(): void;
}

/** A client's part in one shard: two connections, a writer, a reader of replies, an arbiter. */
export class CallerShard {
  readonly writer: Writer;
  readonly replies: ReplyReader;
  readonly arbiter: Arbiter;
  readonly reAsker: ReAsker;
  readonly keys: Keys;
  readonly commands: Link;
  readonly subscription: Subscription;
  private born: number | undefined;
  private commandsUp = false;
  private subscribed = false;

  constructor(
    options: ResolvedClientOptions,
    links: LinkSettings,
    shard: number,
    callerId: string,
    clock: Clock,
    private readonly logger: QuietLogger,
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
        this.replies.attach();
        this.writer.up(incarnation);
        if (this.subscribed) this.readMissed();
        this.hooks.changed();
      },
      down: () => {
        this.commandsUp = false;
        this.writer.down();
        this.hooks.changed();
      },
    });
    const broker = new CallerBroker(this.commands, keys, callerId, options.maxBacklog);
    this.replies = new ReplyReader(broker, clock, options.redis.kind !== 'cluster', {
      frame: (frame) => this.hooks.frame(frame),
      lost: () => logger.warn('log', 'Redis lost the reply log of this client'),
      ignored: () => this.hooks.ignored(this),
      complain: (message) => logger.warn('frame', message),
    });
    this.writer = new Writer(broker, clock, redisClock, {
      trim: () => this.replies.trimPoint(),
      recycle: () => this.commands.recycle('late packets must not follow'),
      complain: (kind, message) => logger.error(kind, message),
    });
    this.arbiter = new Arbiter(broker, this.replies);
    this.reAsker = new ReAsker(broker, this.replies, clock, hooks);
    const follow = { ...own, ahead: this.commands };
    this.subscription = new Subscription(follow, [broker.logKey], {
      message: (_, text) => this.replies.message(text),
      proven: () => {
        this.subscribed = true;
        this.replies.resumed();
        if (this.commandsUp) this.readMissed();
        this.hooks.changed();
      },
      lost: () => {
        this.subscribed = false;
        this.replies.interrupted();
        this.hooks.changed();
      },
    });
  }

  get isUp(): boolean {
    return this.commandsUp && this.subscribed;
  }

  /** Why nothing is stored, or no reply is heard, at this moment. */
  get obstacle(): Error | undefined {
    return this.writer.obstacle ?? this.commands.obstacle ?? this.subscription.link.obstacle;
  }

  start(): void {
    this.commands.start();
    this.subscription.link.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.commands.stop(), this.subscription.link.stop()]);
    this.commandsUp = false;
    this.subscribed = false;
  }

  /** After every interruption of either connection; when it fails, the next connection asks again. */
  private readMissed(): void {
    this.replies.catchUp().catch((error: CommandFailure) => {
      if (error.kind !== 'refused') return;
      this.logger.warn('log', `reading the reply log failed: ${thrownText(error)}`);
    });
  }
}
