import type { Keys } from '../../../protocol/keys.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { Link } from '../../../redis/link.js';
import { readNested } from '../../../redis/operations/serving/nested.js';
import { FarCalls, type FarRoom } from './far-calls.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds between two looks, growing while nothing is found. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 100;
/** Streams and calls of one look. */
const STREAMS_PER_LOOK = 50;
const CALLS_PER_LOOK = 50;

/** What is asked of whoever starts handlers. */
export interface NestedRoom extends FarRoom {
  /** Slots for calls that were made inside handlers; 0 as long as no handler waits for one. */
  readonly nested: number;
}

/**
 * In streams that nothing else may be read of, finds calls that were made inside handlers among what is not read
 * yet: they have room of their own, and what holds the slots may wait for them. Only what stands before such a call in
 * its stream is read with it, and waits for a slot.
 */
export class NestedReads {
  /** Those in which there can be such calls, and those of them that are to be looked at next. */
  private readonly streams: ReadonlySet<StreamState>;
  private closed: readonly StreamState[] = [];
  /** Per stream: the id up to which there is none. */
  private readonly marks = new Map<StreamState, string>();
  private readonly far: FarCalls;
  private first = 0;
  private pause = FIRST_PAUSE;
  private nextAt = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly redis: { readonly link: Link; readonly keys: Keys },
    streams: readonly StreamState[],
    private readonly room: NestedRoom,
  ) {
    this.far = new FarCalls(context, redis.link, redis.keys, room);
    this.streams = new Set(streams.filter(({ kind }) => kind === 'r'));
  }

  /** Such calls could start, as far as the bound of the process says. */
  get hasRoom(): boolean {
    return this.room.nested > 0;
  }

  /**
   * Milliseconds until it is time to look; undefined: there is no room.
   * @param closed streams that nothing else may be read of
   */
  dueIn(closed: readonly StreamState[]): number | undefined {
    const { nested } = this.room;
    this.closed = closed.filter(
      (stream) => this.streams.has(stream) && !stream.isBroken && stream.nestedRoom(nested) > 0,
    );
    if (this.closed.length === 0) return undefined;
    return Math.max(0, this.nextAt - this.context.clock.now());
  }

  async look(): Promise<StreamEntries[]> {
    const force = await this.far.unlock(this.closed);
    const { nested, parkable } = this.room;
    const { options, identity } = this.context;
    const streams = this.page();
    const wanted = Math.min(CALLS_PER_LOOK, nested);
    const { read, marks } = await readNested(this.redis.link, this.redis.keys, {
      group: options.group,
      consumer: identity.consumer,
      wanted,
      others: parkable,
      force,
      streams: streams.map((stream) => ({
        stream: stream.name,
        most: stream.nestedRoom(wanted),
        mark: this.marks.get(stream) ?? '',
      })),
    });
    for (const [i, stream] of streams.entries()) {
      const { mark, isFar } = marks[i] ?? { mark: '', isFar: false };
      this.marks.set(stream, mark);
      this.far.noted(stream, isFar ? mark : undefined);
    }
    const found = read.length > 0;
    this.pause = found ? FIRST_PAUSE : Math.min(LONGEST_PAUSE, this.pause * 1.5);
    this.nextAt = found ? 0 : this.context.clock.now() + this.pause;
    return read;
  }

  private page(): readonly StreamState[] {
    const { closed: streams, first } = this;
    if (streams.length <= STREAMS_PER_LOOK) return streams;
    const from = first % streams.length;
    this.first = from + STREAMS_PER_LOOK;
    return [...streams, ...streams].slice(from, from + STREAMS_PER_LOOK);
  }
}
