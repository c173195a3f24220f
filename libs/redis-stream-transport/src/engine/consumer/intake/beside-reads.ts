import type { StreamEntries } from '../../../redis/entries.js';
import type { GroupBroker } from '../../../redis/group-broker.js';
import type { Link } from '../../../redis/link.js';
import { earlier } from '../../clock.js';
import type { ShardContext } from '../membership/shard-context.js';
import type { NestedReads } from './nested-reads.js';
import type { ReadPlan, Room } from './read-plan.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds that an entry waits for an instance with room for a pack, before one with less takes it. */
const PATIENCE = 100;
/** Milliseconds between two looks for such entries while none is found. */
const PAUSE = 50;
/** Most streams of one look. */
const STREAMS_PER_LOOK = 50;

const NONE: readonly StreamState[] = [];

/** Over which connection is read. */
export interface Beside {
  readonly broker: Pick<GroupBroker, 'readWaiting'>;
  readonly link: Link;
  /** Reads nested calls, which may start although nothing else may. */
  readonly nested?: NestedReads;
}

/**
 * Reads beside those of the plan. They find nested calls, and entries that wait although a slot is free, because too few are
 * free for a pack (rule P17): those are read one at a time, and only after an instance with more room would have had them.
 */
export class BesideReads {
  /** Streams that the next look for entries that wait is about. */
  private lacking = NONE;
  /** The next look begins with another stream than the last, so that each has its turn. */
  private first = 0;
  private nextAt = 0;

  constructor(
    private readonly context: ShardContext,
    private readonly of: Beside,
    private readonly plan: Pick<ReadPlan, 'closed' | 'lacking'>,
    /** Whether calls that were made inside handlers may be read. */
    private readonly mayNest: () => boolean,
  ) {}

  /** Milliseconds until the next of these reads; undefined: there is nothing to look for. */
  dueIn(room: Room): number | undefined {
    const { plan } = this;
    const { nested } = this.of;
    this.lacking = room.free > 0 ? (plan.lacking?.(room) ?? NONE) : NONE;
    const left = this.lacking.length === 0 ? undefined : this.waits;
    if (nested === undefined || !nested.hasRoom || !this.mayNest()) return left;
    return earlier(left, nested.dueIn(plan.closed(room)));
  }

  /** The read that is due. */
  async look(): Promise<readonly StreamEntries[]> {
    const { nested } = this.of;
    if (nested !== undefined && (this.lacking.length === 0 || this.waits > 0)) return nested.look();
    const { clock, identity } = this.context;
    // Before the read, which may fail.
    this.nextAt = clock.now() + PAUSE;
    const { broker, link } = this.of;
    const { consumer } = identity;
    const read = await broker.readWaiting(link, { consumer, streams: this.page(), age: PATIENCE });
    // Nested calls have their turn in between.
    if (read.length > 0) this.nextAt = clock.now() + 1;
    return read;
  }

  private get waits(): number {
    return Math.max(0, this.nextAt - this.context.clock.now());
  }

  private page(): readonly string[] {
    const from = this.first++ % this.lacking.length;
    const turned = [...this.lacking.slice(from), ...this.lacking.slice(0, from)];
    return turned.slice(0, STREAMS_PER_LOOK).map(({ name }) => name);
  }
}
