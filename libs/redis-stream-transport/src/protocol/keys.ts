/**
 * Every Redis key and channel of the transport, one function each.
 *
 * All keys of a shard carry the same hash tag, so a script may touch any of them in Cluster too. The tag
 * is written here and nowhere else.
 */
export class Keys {
  private readonly tag: string;

  constructor(prefix: string, shard: number, shards: number) {
    this.tag = shards > 1 ? `{${prefix}:${shard}}` : `{${prefix}}`;
  }

  /** Entries of a pattern, or of a lane that several patterns share. */
  stream(name: string): string {
    return `${this.tag}:s:${name}`;
  }

  /** Token of a live consumer, or a tombstone. Everything pending under the consumer is covered by it. */
  lease(consumer: string): string {
    return `${this.tag}:lease:${consumer}`;
  }

  /** Stands beside the tombstone of a consumer that left by itself: what it hands over is no suspect. */
  left(consumer: string): string {
    return `${this.tag}:left:${consumer}`;
  }

  /** Last accepted batch of a caller and the verdicts of its last batches. */
  caller(id: string): string {
    return `${this.tag}:caller:${id}`;
  }

  /** Reply log of a caller; the Pub/Sub channel of the same name carries the same frames. */
  log(id: string): string {
    return `${this.tag}:r:${id}`;
  }

  /** Dead letters of a group. */
  dead(group: string): string {
    return `${this.tag}:dead:${group}`;
  }

  /** Id of the entry that a dead letter became; kept for a while, so that a repeat finds it. */
  replayed(group: string, letter: string): string {
    return `${this.tag}:replayed:${group.length}:${group}:${letter}`;
  }

  /** Registry of the groups of a stream: last seen, kind, cursor. */
  groups(stream: string): string {
    return `${this.tag}:groups:${stream}`;
  }

  /** Identity of this server's memory: changes whenever it may have forgotten something. */
  incarnation(): string {
    return `${this.tag}:incarnation`;
  }

  /** Who answers requests of a pattern: consumers by the end of their lease. */
  live(pattern: string): string {
    return `${this.tag}:live:${pattern}`;
  }

  /** Live consumers of a group by the end of their lease. */
  members(group: string): string {
    return `${this.tag}:members:${group}`;
  }

  /** Abort notices for a consumer; the channel of the same name carries them too. */
  inbox(consumer: string): string {
    return `${this.tag}:inbox:${consumer}`;
  }

  /** Notes about entries of a stream, per group and id: their next attempt, and how often instances left with them. */
  due(stream: string): string {
    return `${this.tag}:due:${stream}`;
  }

  /** Entries of a stream that were started and may not be started again, by their consumers. */
  started(stream: string): string {
    return `${this.tag}:started:${stream}`;
  }

  /**
   * What a group knows of an idempotency key: the payload's digest, the entry that runs, the result.
   * The lengths keep a group, a pattern and a key apart, whatever they hold.
   */
  idempotency(group: string, pattern: string, key: string): string {
    return `${this.tag}:idem:${group.length}:${group}:${pattern.length}:${pattern}:${key}`;
  }

  /** Services that are announced, by the end of the last lease. */
  services(): string {
    return `${this.tag}:services`;
  }

  /** Consumers that offer a service, by the end of their lease. */
  instances(service: string): string {
    return `${this.tag}:instances:${service}`;
  }

  /** What each of these consumers says about it. */
  about(service: string): string {
    return `${this.tag}:about:${service}`;
  }

  /** A long text that many of them refer to, by its digest. */
  document(digest: string): string {
    return `${this.tag}:document:${digest}`;
  }

  /** Channel on which members of a group tell each other to look again. */
  nudge(group: string): string {
    return `${this.tag}:nudge:${group}`;
  }
}

/**
 * The shard of a stream: FNV-1a (32 bits) of its name over UTF-16 units, modulo the number of shards.
 * Part of the wire: writers and readers in every language must agree.
 */
export function shardOf(streamName: string, shards: number): number {
  if (shards === 1) return 0;
  let hash = 0x811c9dc5;
  for (let i = 0; i < streamName.length; i++) {
    hash = Math.imul(hash ^ streamName.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % shards;
}
