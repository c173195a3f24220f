import type { Keys } from '../../../protocol/keys.js';
import type { StreamEntries } from '../../../redis/entries.js';
import type { Link } from '../../../redis/link.js';
import { readNested } from '../../../redis/operations/serving/nested.js';
import { FarCalls, type FarRoom } from './far-calls.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds between two looks; they grow while nothing is found. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 100;
/** Most streams and calls of one look. */
const STREAMS_PER_LOOK = 50;
const CALLS_PER_LOOK = 50;

/** What the dispatcher tells about room for nested calls. */
export interface NestedRoom extends FarRoom {
  /** Slots for nested calls; 0 as long as no handler waits for one. */
  readonly nested: number;
}

/**
 * Finds nested calls (made inside handlers) in streams of which nothing else may be read. They have room of their
 * own, because the handlers that hold the slots may wait for them. Entries that stand before such a call in its
 * stream are read with it and wait for a slot.
 */
export class NestedReads {
  /** Streams of requests; no others hold nested calls. */
  private readonly streams: Set<StreamState>;
  /** Those of them that the next look is about. */
  private closed: readonly StreamState[] = [];
  /** By stream: the id up to which there is no nested call. */
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

  add(stream: StreamState): void {
    if (stream.kind === 'r') this.streams.add(stream);
  }

  drop(stream: StreamState): void {
    this.streams.delete(stream);
    this.marks.delete(stream);
    this.closed = this.closed.filter((one) => one !== stream);
  }

  /** The bound of the process permits a nested call to start. */
  get hasRoom(): boolean {
    return this.room.nested > 0;
  }

  /**
   * Milliseconds until the next look; undefined: there is no room.
   * @param closed streams of which nothing else may be read
   */
  dueIn(closed: readonly StreamState[]): number | undefined {
    const { nested } = this.room;
    this.closed = closed.filter(
      (stream) => this.streams.has(stream) && !stream.isOut && stream.nestedRoom(nested) > 0,
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
