import { decodeEntry, isMalformed } from '../../../protocol/entry.js';
import { encodeFrame, encodeReply, REPLY } from '../../../protocol/frame.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../../redis/link.js';
import { entryAfter, refuseUnread } from '../../../redis/operations/serving/refuse-unread.js';
import type { ShardContext } from '../membership/shard-context.js';
import { faultText } from '../run/ends.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds without a start or an end after which handlers that all wait count as locked. */
const LOCKED = 500;

/** What is asked of whoever starts handlers. */
export interface FarRoom {
  /** Entries that may be read although they have to wait. */
  readonly parkable: number;
  /** Starts and ends so far. */
  readonly moves: number;
  /** Every handler that runs waits for a call of its own. */
  readonly allWait: boolean;
  /** Refuses requests that were read and have not begun, certainly not run. Returns how many. */
  refuseWaiting(): number;
}

/** Since when nothing has begun or ended. Monotonic milliseconds. */
class Standstill {
  private moves = -1;
  private since = 0;

  lasts(moves: number, now: number): boolean {
    if (moves !== this.moves) {
      this.moves = moves;
      this.since = now;
    }
    return now - this.since >= LOCKED;
  }
}

/** The first call of a stream that was made inside a handler and stands farther back than may be read. */
interface Far {
  /** Id of the entry before it. */
  readonly after: string;
  readonly standstill: Standstill;
}

/**
 * Knows calls that were made inside handlers and stand farther back than may be read, and ends it when handlers wait
 * for nothing else. Where all slots are locked, calls from outside that stand in the way are refused until such a
 * call is reached. Where those in the way cannot be refused, or only the places of one pattern are locked, such
 * a call is refused itself.
 */
export class FarCalls {
  private readonly far = new Map<StreamState, Far>();
  private readonly standstill = new Standstill();

  constructor(
    private readonly context: ShardContext,
    private readonly link: Link,
    private readonly keys: Keys,
    private readonly room: FarRoom,
  ) {}

  /** @param after id of the entry before the first that stands too far back; undefined: there is none */
  noted(stream: StreamState, after: string | undefined): void {
    if (after === undefined) this.far.delete(stream);
    else {
      const standstill = this.far.get(stream)?.standstill ?? new Standstill();
      this.far.set(stream, { after, standstill });
    }
  }

  /**
   * Returns whether what stands in the way is to be read although no such call is reached.
   * @param closed streams that nothing else may be read of
   */
  async unlock(closed: readonly StreamState[]): Promise<boolean> {
    const now = this.context.clock.now();
    const isLocked = this.standstill.lasts(this.room.moves, now) && this.room.allWait;
    const slots: StreamState[] = [];
    const refused: StreamState[] = [];
    for (const stream of closed) {
      const lasts = this.far.get(stream)?.standstill.lasts(stream.moves, now);
      if (lasts !== true) continue;
      if (stream.isLent) refused.push(stream);
      else if (isLocked) slots.push(stream);
    }
    if (slots.length > 0 && this.refuseOthers(slots) === 0 && this.room.parkable === 0) {
      refused.push(...slots);
    }
    for (const stream of refused) await this.refuse(stream);
    return slots.length > 0;
  }

  private refuseOthers(streams: readonly StreamState[]): number {
    const refused = this.room.refuseWaiting();
    const names = streams.map(({ name }) => name).join(', ');
    this.context.logger.error(
      'locked',
      `every handler waits for calls that handlers have made, and those stand far back in ${names}: ` +
        `${refused} calls before them were refused (OVERLOADED)`,
    );
    return refused;
  }

  private async refuse(stream: StreamState): Promise<void> {
    const { context, link, keys } = this;
    const { options } = context;
    const { owner } = context.identity;
    const { after } = this.far.get(stream) as Far;
    const raw = await entryAfter(link, keys, stream.name, after);
    const entry = raw === undefined ? undefined : decodeEntry(raw, options.maxPayloadBytes);
    if (entry === undefined || isMalformed(entry)) return;
    const { call, caller, depth } = entry.header;
    const pattern = stream.patterns.get(entry.pattern ?? stream.name);
    if (call === undefined || caller === undefined || depth === 0) return;
    // Another group's to answer.
    if (pattern?.spec.answers !== true) return;
    const message = 'handlers wait for this call, and it stands behind more entries than may wait';
    const payload = faultText('OVERLOADED', message, 'not-run');
    const reply = encodeReply(call, REPLY.fault, 1, 0, 0, payload, undefined);
    const answer = {
      ...{ caller, frame: encodeFrame(owner.consumer, reply) },
      ttlMs: Math.max(options.replyTtl, entry.header.timeout + 30_000),
    };
    const unread = { group: options.group, stream: stream.name, id: entry.id, answer };
    if ((await refuseUnread(link, keys, owner, unread)) !== 'ok') return;
    this.context.logger.error(
      `locked ${stream.name}`,
      `handlers wait for a call of ${pattern.spec.pattern} that stands far back in ${stream.name}, behind what ` +
        'waits for them: it was refused (OVERLOADED)',
    );
  }
}
