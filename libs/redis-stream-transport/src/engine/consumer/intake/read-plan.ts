import type { StreamState } from './stream-state.js';

/** One read: which streams, the most entries of each, and whether it blocks until some come. */
export interface Ask {
  readonly streams: readonly StreamState[];
  readonly count: number;
  readonly blocks: boolean;
  /** It names only streams that are due, so nothing says that others have none. */
  readonly ofDue?: boolean;
}

/** What can be asked for at the moment. */
export interface Room {
  /** Entries that can start, over all streams. */
  readonly free: number;
  /** Live members of the group. */
  readonly members: number;
  /** One more entry may be read that has to wait for its pattern. */
  readonly mayPark: boolean;
  /**
   * One entry of classes below this number may be read although none can start: all that waits matters less. Default: 0,
   * which is none.
   */
  readonly ahead?: number;
}

/** What a read brought. */
export interface Brought {
  /** Entries by stream; streams that brought none are left out. */
  readonly entries: ReadonlyMap<StreamState, number>;
  readonly total: number;
  /** Milliseconds that the read took. */
  readonly took: number;
}

/** Decides what the next read asks for: what can start (rule L12). COUNT holds for each stream of a read. */
export interface ReadPlan {
  /**
   * Undefined: nothing can be read now.
   * @param due the only streams that may have entries, the most urgent first; undefined: any of them may. A read of
   * due streams does not block.
   */
  next(room: Room, due?: readonly StreamState[]): Ask | undefined;
  noted(ask: Ask, brought: Brought, members: number): void;
  /** The read failed: any stream may have a backlog by the next read. */
  failed(): void;
  /** One more stream is read. The list that the plan was made with has it already. */
  added?(stream: StreamState): void;
  /** The stream is not read any more. */
  dropped(stream: StreamState): void;
  /** Streams that no read may name now. */
  closed(room: Room): readonly StreamState[];
  /**
   * Streams that the last ask left out and that are left out now because too few slots are free for a pack, although one is.
   * Undefined: packs need no room of their own.
   */
  lacking?(room: Room): readonly StreamState[];
  /** It asks for what matters more than all that waits, where nothing can start. */
  readonly readsAhead?: boolean;
  /** Whether the last ask blocks and leaves out streams that had no room. */
  readonly omits: boolean;
  /** Whether one of the streams that were left out has room now. True only once for each ask. */
  isOutdated(room: Room): boolean;
}

/** Takes at most `most` streams, each in its turn. */
export class Rotation {
  private first = 0;

  take(streams: readonly StreamState[], most: number): readonly StreamState[] {
    if (streams.length <= most) return streams;
    const taken: StreamState[] = [];
    for (let i = 0; i < most; i++) {
      taken.push(streams[(this.first + i) % streams.length] as StreamState);
    }
    this.first = (this.first + most) % streams.length;
    return taken;
  }
}

/** Fewest streams that a member names of those that are due. */
const FEWEST = 4;

/**
 * Which of the streams that are due a read names. Every member is told of the same streams, so each takes its part of
 * them, from anywhere: all would ask for the same ones first otherwise.
 *
 * @param most streams of which an entry each can start
 * @param chance a random number in [0, 1)
 */
export function partOf(
  due: readonly StreamState[],
  most: number,
  members: number,
  chance: number,
): readonly StreamState[] {
  const part = members > 1 ? Math.max(FEWEST, Math.ceil(due.length / members)) : due.length;
  const named = Math.max(1, Math.min(most, part));
  if (named >= due.length) return due;
  const first = members > 1 ? Math.floor(chance * due.length) : 0;
  const taken = due.slice(first, first + named);
  return taken.length === named ? taken : [...taken, ...due.slice(0, named - taken.length)];
}

/** Calls per entry where most come together. */
export function mostCalls(streams: readonly StreamState[]): number {
  let most = 1;
  for (const stream of streams) most = Math.max(most, stream.callsPerEntry);
  return most;
}

/** Handlers that must be able to start before a pack is asked for, at most. */
const ROOM_FOR_A_PACK = 16;

/**
 * Of several members only one that can start all calls of a pack asks for packs (rule P17): the calls that it cannot
 * start would wait while others have room. One with few slots asks when a quarter of them are free. Packs of two calls need
 * two free slots: long handlers of another pattern, which hold the others, must not keep them waiting.
 */
export function roomForPacks(
  stream: StreamState,
  { members, concurrency }: { readonly members: number; readonly concurrency: number },
): number {
  if (members <= 1 || !stream.expectsPacks) return 0;
  const quarter = Math.ceil(Math.min(stream.bound, concurrency) / 4);
  return Math.min(ROOM_FOR_A_PACK, quarter, Math.ceil(stream.callsPerEntry));
}
