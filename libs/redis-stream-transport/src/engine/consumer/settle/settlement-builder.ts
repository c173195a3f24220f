import { encodeFrame } from '../../../protocol/frame.js';
import { MAX_FRAME_LENGTH, MAX_SCRIPT_LENGTH } from '../../../protocol/limits.js';
import type { KeyedResult, Settlement } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';

interface LogPart {
  readonly caller: string;
  text: string;
  ttlMs: number;
}

/** A reply that waits to be written, and the delivery that it ends, if it does. */
export interface Finished {
  readonly delivery: Delivery;
  /** Text of the reply, or undefined for none. */
  readonly reply: string | undefined;
  /** It is the end of the delivery. */
  readonly final: boolean;
  /** What is stored under the idempotency key of the entry. */
  readonly keyed: KeyedResult | undefined;
}

interface Ids {
  readonly stream: string;
  readonly keep: string[];
  readonly drop: string[];
}

/** Gathers what one turn finished into one settlement: a frame per caller, ids per stream. */
export class SettlementBuilder {
  readonly finished: Finished[] = [];
  length = 0;
  private readonly logs = new Map<string, LogPart>();
  private readonly streams = new Map<string, Ids>();
  /** What was added to last: replies of one caller and entries of one stream come together. */
  private log: LogPart | undefined;
  private ids: Ids | undefined;

  /** Whether one more reply would break the bounds of a frame or of a script. */
  wouldOverflow(caller: string | undefined, reply: string | undefined): boolean {
    if (reply === undefined || caller === undefined || this.length === 0) return false;
    if (this.length + reply.length > MAX_SCRIPT_LENGTH) return true;
    if (this.length + reply.length <= MAX_FRAME_LENGTH) return false;
    const part = this.logs.get(caller);
    return part !== undefined && part.text.length + reply.length > MAX_FRAME_LENGTH;
  }

  add(finished: Finished, ttlMs: number): void {
    this.finished.push(finished);
    const { delivery, reply, final } = finished;
    const { caller } = delivery.entry.header;
    if (reply !== undefined && caller !== undefined) {
      // With the comma, so that no frame is longer than all of them together.
      this.length += reply.length + 1;
      const log = this.logOf(caller);
      log.text = log.text === '' ? reply : log.text + ',' + reply;
      if (ttlMs > log.ttlMs) log.ttlMs = ttlMs;
    }
    if (final) {
      const { keep, drop } = this.idsOf(delivery.stream.name);
      (delivery.isRequest ? drop : keep).push(delivery.id);
    }
  }

  /** @param force whether to write into logs that are full, too */
  build(instance: string, force = false): Settlement {
    const logs = [];
    for (const { caller, text, ttlMs } of this.logs.values()) {
      logs.push({ caller, frame: encodeFrame(instance, text), ttlMs, force });
    }
    return { logs, streams: [...this.streams.values()] };
  }

  private logOf(caller: string): LogPart {
    if (this.log?.caller === caller) return this.log;
    let log = this.logs.get(caller);
    if (log === undefined) this.logs.set(caller, (log = { caller, text: '', ttlMs: 0 }));
    return (this.log = log);
  }

  private idsOf(stream: string): Ids {
    if (this.ids?.stream === stream) return this.ids;
    let ids = this.streams.get(stream);
    if (ids === undefined) this.streams.set(stream, (ids = { stream, keep: [], drop: [] }));
    return (this.ids = ids);
  }
}
