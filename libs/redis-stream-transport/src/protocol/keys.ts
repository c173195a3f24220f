import { tagNumbers } from './shard-tags.js';

/**
 * Makes the Redis keys and channels of one shard: a method for each kind.
 *
 * All keys of a shard have the same hash tag, so that a script may use any of them in a Cluster too. The tag is made
 * here and nowhere else.
 */
export class Keys {
  /** The hash tag of all keys and channels of the shard, with its braces. */
  readonly tag: string;

  /** The tag of the first shard has no number: it is found whatever the number of shards. */
  constructor(
    private readonly prefix: string,
    private readonly shard: number,
    /** How many shards there are. */
    readonly shards: number,
  ) {
    const number = shard === 0 ? 0 : tagNumbers(prefix, shards)[shard];
    this.tag = number === 0 ? `{${prefix}}` : `{${prefix}:${number}}`;
  }

  /** The numbers in the tags of all shards, 0 for none, joined by spaces; '' if there is one shard. */
  tags(): string {
    return this.shards === 1 ? '' : tagNumbers(this.prefix, this.shards).join(' ');
  }

  /** Note about the shards and the version of the protocol. The first shard alone has it. */
  layout(): string | undefined {
    return this.shard === 0 ? `${this.tag}:layout` : undefined;
  }

  /** Which process reads the figures of this place for metrics. The first shard alone has it. */
  gauges(): string {
    return `${this.tag}:gauges`;
  }

  /** Stream with the entries of a pattern, or of a lane that several patterns share. */
  stream(name: string): string {
    return `${this.tag}:s:${name}`;
  }

  /** Lease of a consumer: its token while it lives, or a tombstone. It covers everything pending under the consumer. */
  lease(consumer: string): string {
    return `${this.tag}:lease:${consumer}`;
  }

  /** Note beside the tombstone of a consumer that left by itself: the entries that it hands over are not suspect. */
  left(consumer: string): string {
    return `${this.tag}:left:${consumer}`;
  }

  /** Record of a caller: its last accepted batch, and the verdicts of its last batches. */
  caller(id: string): string {
    return `${this.tag}:caller:${id}`;
  }

  /** Reply log of a caller. The Pub/Sub channel of the same name carries the same frames. */
  log(id: string): string {
    return `${this.tag}:r:${id}`;
  }

  /** Dead letters of a group. */
  dead(group: string): string {
    return `${this.tag}:dead:${group}`;
  }

  /** Id of the entry that a dead letter became. It is kept for a while, so that a repeat of the replay finds it. */
  replayed(group: string, letter: string): string {
    return `${this.tag}:replayed:${group.length}:${group}:${letter}`;
  }

  /** Registry of the groups of a stream: when each was seen last, its kind and its cursor. */
  groups(stream: string): string {
    return `${this.tag}:groups:${stream}`;
  }

  /** Identity of the server's memory. It changes whenever the server may have forgotten something. */
  incarnation(): string {
    return `${this.tag}:incarnation`;
  }

  /** The consumers that answer requests of a pattern, by the end of their lease. */
  live(pattern: string): string {
    return `${this.tag}:live:${pattern}`;
  }

  /** The consumers that hear events of a stream, by the end of their lease. */
  hears(stream: string): string {
    return `${this.tag}:hears:${stream}`;
  }

  /** Live consumers of a group by the end of their lease. */
  members(group: string): string {
    return `${this.tag}:members:${group}`;
  }

  /** Which connections the live consumers of a group have. */
  sockets(group: string): string {
    return `${this.tag}:sockets:${group}`;
  }

  /** What each live consumer of a group says about itself: versions, host, settings. */
  facts(group: string): string {
    return `${this.tag}:facts:${group}`;
  }

  /** What live consumers of a group have done, as they said when they were asked. */
  statistics(group: string): string {
    return `${this.tag}:stats:${group}`;
  }

  /** What operators have paused for a group. */
  paused(group: string): string {
    return `${this.tag}:paused:${group}`;
  }

  /** Cancellations for a consumer. The channel of the same name carries them too. */
  inbox(consumer: string): string {
    return `${this.tag}:inbox:${consumer}`;
  }

  /** Notes about entries of a stream, by group and id: their next attempt, and their spared deliveries. */
  due(stream: string): string {
    return `${this.tag}:due:${stream}`;
  }

  /** Entries that wait until they are due, by their ids: their fields as JSON. */
  later(stream: string): string {
    return `${this.tag}:later:${stream}`;
  }

  /** When each of these is due (ms). */
  when(stream: string): string {
    return `${this.tag}:when:${stream}`;
  }

  /** There as long as another event of the pattern with this message id adds nothing. */
  sent(pattern: string, messageId: string): string {
    return `${this.tag}:sent:${pattern.length}:${pattern}:${messageId}`;
  }

  /** Which calls of a pack have ended, per entry of a stream; nothing is noted while none has. */
  part(stream: string): string {
    return `${this.tag}:part:${stream}`;
  }

  /** The entries of a stream that were started and may not be started again, each with its consumer. */
  started(stream: string): string {
    return `${this.tag}:started:${stream}`;
  }

  /**
   * Record of an idempotency key in a group: the digest of the payload, the entry that runs, the result. The lengths
   * keep group, pattern and key apart, whatever characters they have.
   */
  idempotency(group: string, pattern: string, key: string): string {
    return `${this.tag}:idem:${group.length}:${group}:${pattern.length}:${pattern}:${key}`;
  }

  /** Which entry brought a sealed message to a group: another one with the same message is a repetition. */
  seen(group: string, id: string): string {
    return `${this.tag}:seen:${group.length}:${group}:${id}`;
  }

  /** Services that instances offer by name, by the end of the last lease. */
  services(): string {
    return `${this.tag}:services`;
  }

  /** Consumers that offer a service, by the end of their lease. */
  instances(service: string): string {
    return `${this.tag}:instances:${service}`;
  }

  /** What each of these consumers says about the service. */
  about(service: string): string {
    return `${this.tag}:about:${service}`;
  }

  /** A long text to which many of them refer, by its digest. */
  document(digest: string): string {
    return `${this.tag}:document:${digest}`;
  }

  /**
   * Streams that were written since services have wildcards, each by when it became known, and the wildcards of groups, by
   * when they came. The channel of the same name says that there is another stream.
   */
  streams(): string {
    return `${this.tag}:streams`;
  }

  /** How far groups have looked at the known streams, by wildcard. */
  looked(): string {
    return `${this.tag}:looked`;
  }

  /** The wildcards that live consumers handle, by the end of their lease. */
  wildcards(): string {
    return `${this.tag}:wildcards`;
  }

  /** Channel on which the members of a group tell each other that one has joined or left. */
  nudge(group: string): string {
    return `${this.tag}:nudge:${group}`;
  }
}

/**
 * The shard of a stream: FNV-1a (32 bits) over the UTF-16 units of its name, modulo the number of shards. This is
 * part of the wire: programs in all languages must agree.
 */
export function shardOf(streamName: string, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < streamName.length; i++) {
    hash = Math.imul(hash ^ streamName.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % shards;
}
