import type { StreamEntries } from '../../../redis/entries.js';
import type { Link } from '../../../redis/link.js';
import { readNested } from '../../../redis/nested.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds between two looks, growing while nothing is found. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 100;
/** Streams and calls of one look. */
const STREAMS_PER_LOOK = 50;
const CALLS_PER_LOOK = 50;
/** Milliseconds without a start or an end after which handlers that all wait count as locked. */
const LOCKED = 500;

/** What is asked of whoever starts handlers. */
export interface NestedRoom {
  /** Slots for calls that were made inside handlers; 0 as long as no handler waits for one. */
  readonly nested: number;
  /** Entries that may be read although they have to wait. */
  readonly parkable: number;
  /** Starts and ends so far. */
  readonly moves: number;
  /** Every handler that runs waits for a call of its own. */
  readonly allWait: boolean;
  /** Refuses requests that were read and have not begun, certainly not run. Returns how many. */
  refuseWaiting(): number;
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
  /** Streams in which one stands farther back than may be read. */
  private readonly far = new Set<StreamState>();
  private first = 0;
  private pause = FIRST_PAUSE;
  private nextAt = 0;
  private moves = -1;
  private movedAt = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly link: Link,
    private readonly streamKey: (name: string) => string,
    streams: readonly StreamState[],
    private readonly room: NestedRoom,
  ) {
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
    const force = this.isLocked();
    if (force) this.refuse();
    const { nested, parkable } = this.room;
    const { owner, options } = this.context;
    const streams = this.page();
    const wanted = Math.min(CALLS_PER_LOOK, nested);
    const { read, marks } = await readNested(this.link, this.streamKey, {
      group: options.group,
      consumer: owner.consumer,
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
      if (isFar) this.far.add(stream);
      else this.far.delete(stream);
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

  /** Nothing moves, and what would let it move stands too far back. */
  private isLocked(): boolean {
    const now = this.context.clock.now();
    if (this.room.moves !== this.moves) {
      this.moves = this.room.moves;
      this.movedAt = now;
    }
    return this.far.size > 0 && this.room.allWait && now - this.movedAt >= LOCKED;
  }

  /** What stands in the way is refused, a portion with each look, until such a call is reached. */
  private refuse(): void {
    const refused = this.room.refuseWaiting();
    const names = [...this.far].map(({ name }) => name).join(', ');
    this.context.logger.error(
      'locked',
      `every handler waits for calls that handlers have made, and those stand far back in ${names}: ` +
        `${refused} calls before them were refused (OVERLOADED)`,
    );
  }
}
