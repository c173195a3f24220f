import { RedisStreamsError } from '../errors.js';
import type { ResolvedClientOptions } from '../options/index.js';
import { classStreams, MAX_CLASS_PATTERN, type Priority } from '../protocol/priority.js';
import type { ClassOf } from '../redis/operations/calling/sections.js';

/** Streams of classes that are known; beyond, all are worked out anew. */
const MOST_KNOWN = 10_000;

/** Knows the streams of the classes of importance that patterns have. */
export class Classes {
  private readonly known = new Map<string, ClassOf>();

  constructor(private readonly options: Pick<ResolvedClientOptions, 'lanes' | 'shards'>) {}

  /**
   * The stream that a message of a pattern goes to if that is read; undefined: it is in the middle class, which has none.
   *
   * @param isLater it is due later: an event is for all groups that there are then, so it goes to the pattern's own stream
   * @throws RedisStreamsError INVALID_OPTION
   */
  of(
    pattern: string,
    priority: Priority | undefined,
    isEvent: boolean,
    isLater: boolean,
  ): ClassOf | undefined {
    if (priority === undefined || priority === 'normal') return undefined;
    const name = `${isEvent ? 'event' : 'call'} ${priority} ${pattern}`;
    const known = this.known.get(name);
    if (known !== undefined) return isEvent && isLater ? undefined : known;
    const { lanes, shards } = this.options;
    if (lanes.has(pattern)) throw refused(pattern, 'it is in a lane, which is one stream');
    if (pattern.length > MAX_CLASS_PATTERN)
      throw refused(pattern, `the pattern may have ${MAX_CLASS_PATTERN} characters`);
    if (this.known.size >= MOST_KNOWN) this.known.clear();
    const ofClass = { stream: classStreams(pattern, shards)[priority], isEvent };
    this.known.set(name, ofClass);
    return isEvent && isLater ? undefined : ofClass;
  }
}

function refused(pattern: string, reason: string): RedisStreamsError {
  const message = `RedisStreamsRecord: option "priority" for ${pattern.slice(0, 64)}: ${reason}`;
  return new RedisStreamsError('INVALID_OPTION', message, { pattern });
}
