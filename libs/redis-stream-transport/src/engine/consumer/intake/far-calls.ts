import { decodeEntry, isMalformed, type Entry } from '../../../protocol/entry.js';
import { encodeFault, encodeFrame } from '../../../protocol/frame.js';
import type { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../../redis/link.js';
import { entryAfter, refuseUnread } from '../../../redis/operations/serving/refuse-unread.js';
import type { ShardContext } from '../membership/shard-context.js';
import { isPack, unpack } from '../../../protocol/pack.js';
import { faultText } from '../run/ends.js';
import type { StreamState } from './stream-state.js';

/** Milliseconds without a start or an end of a handler after which handlers that all wait count as locked. */
const LOCKED = 500;

/** What the dispatcher tells about its slots. */
export interface FarRoom {
  /** Entries that may be read although they have to wait. */
  readonly parkable: number;
  /** Starts and ends of handlers so far. */
  readonly progress: number;
  /** Every handler that runs waits for a call of its own. */
  readonly allWait: boolean;
  /** Refuses requests that were read and have certainly not run. Returns how many. */
  refuseWaiting(): number;
}

/** Measures since when no handler has begun or ended, in monotonic milliseconds. */
class Standstill {
  private progress = -1;
  private since = 0;

  lasts(progress: number, now: number): boolean {
    if (progress !== this.progress) {
      this.progress = progress;
      this.since = now;
    }
    return now - this.since >= LOCKED;
  }
}

/** A far call: the first nested call of a stream that stands farther back than may be read. */
interface Far {
  /** Id of the entry before it. */
  readonly after: string;
  readonly standstill: Standstill;
}

/**
 * Ends a lock: all handlers wait for nested calls (made inside handlers), and such a call stands farther back in
 * its stream than may be read. If all slots are locked, refuses the calls from outside before it, until it is
 * reached. If these cannot be refused, or only the places of one pattern are locked, refuses the far call itself.
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

  /** @param after id of the entry before the first far call; undefined: there is no far call */
  noted(stream: StreamState, after: string | undefined): void {
    if (after === undefined) this.far.delete(stream);
    else {
      const standstill = this.far.get(stream)?.standstill ?? new Standstill();
      this.far.set(stream, { after, standstill });
    }
  }

  /**
   * Refuses calls if handlers are locked. Returns whether to read what stands before a far call although the read
   * does not reach it.
   * @param closed streams of which only nested calls may be read
   */
  async unlock(closed: readonly StreamState[]): Promise<boolean> {
    const now = this.context.clock.now();
    const isLocked = this.standstill.lasts(this.room.progress, now) && this.room.allWait;
    const slots: StreamState[] = [];
    const refused: StreamState[] = [];
    for (const stream of closed) {
      const lasts = this.far.get(stream)?.standstill.lasts(stream.progress, now);
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
      'HANDLERS_LOCKED',
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
    if (raw === undefined) return;
    const packed = unpack(raw, options.maxPayloadBytes);
    const calls = isPack(packed)
      ? packed.members
      : [packed ?? decodeEntry(raw, options.maxPayloadBytes)];
    const entry = calls.find((one): one is Entry => !isMalformed(one));
    if (entry === undefined) return;
    const { caller, depth } = entry.header;
    const pattern = stream.patterns.get(entry.pattern ?? stream.name);
    if (caller === undefined || depth === 0) return;
    // Another group answers it.
    if (pattern?.spec.answers !== true) return;
    const message = 'handlers wait for this call, and it stands behind more entries than may wait';
    const payload = faultText('OVERLOADED', message, 'not-run');
    const replies = calls.map(({ header }) => encodeFault(header?.call ?? '', payload));
    const answer = {
      ...{ caller, frame: encodeFrame(owner.consumer, replies.join(',')) },
      ttlMs: Math.max(options.replyTtl, entry.header.timeout + 30_000),
    };
    const unread = { group: options.group, stream: stream.name, id: entry.id, answer };
    if ((await refuseUnread(link, keys, owner, unread)) !== 'ok') return;
    this.context.logger.error(
      `HANDLERS_LOCKED ${stream.name}`,
      `handlers wait for a call of ${pattern.spec.pattern} that stands far back in ${stream.name}, behind what ` +
        'waits for them: it was refused (OVERLOADED)',
    );
  }
}
