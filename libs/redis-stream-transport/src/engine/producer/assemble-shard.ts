import { Keys } from '../../protocol/keys.js';
import { slotOwner } from '../../redis/cluster/slot-owner.js';
import { CallerBroker } from '../../redis/caller-broker.js';
import { connectionNames, thisApplication, thisProcess } from '../../redis/connection-name.js';
import { Link } from '../../redis/link.js';
import { Subscription } from '../../redis/subscription.js';
import { ReplicatedCallerBroker } from '../../redis/replicas/replicated-caller-broker.js';
import { Replicas } from '../../redis/replicas/replicas.js';
import type { Clock } from '../clock.js';
import { RedisClock } from '../redis-clock.js';
import { CallerShard, type CallerContext, type CallerShardHooks } from './caller-shard.js';
import { LostEntryProbe } from './outcome/lost-entry-probe.js';
import { OutcomeResolver } from './outcome/outcome-resolver.js';
import { ConfirmedReplies } from './replies/confirmed-replies.js';
import { ReplyReader } from './replies/reply-reader.js';
import { SentPatterns } from './sending/sent-patterns.js';
import { Writer } from './sending/writer.js';

/** Makes a client's part in one shard. Nothing connects before it is started. */
export function assembleShard(
  context: CallerContext,
  number: number,
  hooks: CallerShardHooks,
): CallerShard {
  const { options, clock, logger, mux } = context;
  const keys = new Keys(options.prefix, number, options.shards);
  const name = connectionNames('client', thisApplication(), thisProcess);
  const server = slotOwner(options.redis, keys.incarnation());
  const links = { ...context.links, name, server };
  const commands = new Link('commands', links, {
    up: () => shard.connected(),
    down: () => shard.disconnected(),
  });
  const broker = brokerOf(context, commands, keys);
  const replyReader = new ReplyReader(broker, clock, {
    frame: (frame) => mux.frame(frame),
    lost: () => logger.warn('REPLY_LOG_LOST', 'Redis lost the reply log of this client'),
    ignored: () => hooks.ignored(shard),
    complain: (message) => logger.warn('REPLY_FRAME_IGNORED', message),
  });
  const redisClock = new RedisClock(clock);
  const sender = { application: thisApplication(), process: thisProcess() };
  const sent = new SentPatterns(sender, clock, (text) => broker.noteSent(text));
  const writer = new Writer(broker, clock, redisClock, {
    trim: () => replyReader.trimPoint(),
    recycle: () => commands.recycle('late packets must not follow'),
    spread:
      keys.shards > 1
        ? (pattern, spread, at) => context.spreads.noted(pattern, spread, at)
        : undefined,
    stored: (pattern, entries) => sent.stored(pattern, entries),
    complain: (kind, message) => logger.error(kind, message),
  });
  const following = { ...links, ahead: commands };
  const subscription = new Subscription(following, [broker.logKey], {
    message: (_, text) => (confirmed ?? replyReader).message(text),
    proven: () => shard.subscriptionStands(),
    lost: () => shard.subscriptionLost(),
    failed: () => shard.subscriptionFailed(),
  });
  const confirmed =
    broker instanceof ReplicatedCallerBroker
      ? confirmedReplies(clock, broker, replyReader, subscription)
      : undefined;
  const resolver = new OutcomeResolver(broker, replyReader);
  const probe = new LostEntryProbe(broker, replyReader, clock, hooks);
  const parts = { keys, commands, subscription, broker, redisClock };
  const working = { writer, sent, replyReader, confirmed, resolver, probe };
  const shard: CallerShard = new CallerShard({ ...parts, ...working }, context, hooks);
  return shard;
}

function brokerOf(
  { callerId, options, logger }: CallerContext,
  link: Link,
  keys: Keys,
): CallerBroker {
  const { maxBacklog, replicas } = options;
  if (replicas === undefined) return new CallerBroker(link, keys, callerId, maxBacklog);
  const told = (text: string): void => logger.warn('REPLICAS_BEHIND', text);
  const asked = new Replicas(link, replicas, told);
  return new ReplicatedCallerBroker({ link, keys, maxBacklog }, callerId, asked);
}

function confirmedReplies(
  clock: Clock,
  broker: ReplicatedCallerBroker,
  reader: ReplyReader,
  subscription: Subscription,
): ConfirmedReplies {
  return new ConfirmedReplies(clock, {
    confirm: () => broker.haveAll(broker.link.current),
    isSameServer: () => broker.link.server === subscription.link.server,
    message: (text) => reader.message(text),
    missed: () => reader.missed(),
    read: () => void reader.catchUp().catch(() => undefined),
  });
}
