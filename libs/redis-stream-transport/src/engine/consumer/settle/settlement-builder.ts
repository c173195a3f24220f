import { encodeFrame } from '../../../protocol/frame.js';
import { MAX_FRAME_LENGTH, MAX_SCRIPT_LENGTH } from '../../../protocol/limits.js';
import type { KeyedResult, Settlement } from '../../../redis/group-broker.js';
import type { Delivery } from '../run/delivery.js';

interface LogPart {
  readonly caller: string;
  text: string;
  ttlMs: number;
}

/** A reply or the end of a delivery, or both, before it is settled. */
export interface Finished {
  readonly delivery: Delivery;
  /** Text of the reply; undefined: none. */
  readonly reply: string | undefined;
  /** It ends the delivery. */
  readonly final: boolean;
  /** What is stored under the idempotency key of the entry. */
  readonly keyed: KeyedResult | undefined;
}

interface Ids {
  readonly stream: string;
  readonly keep: string[];
  readonly drop: string[];
}

/** Gathers what ended in one turn into one settlement: a frame for each caller, ids for each stream. */
export class SettlementBuilder {
  readonly finished: Finished[] = [];
  length = 0;
  private readonly logs = new Map<string, LogPart>();
  private readonly streams = new Map<string, Ids>();
  /** The latest ones, kept because replies of one caller and entries of one stream often come in a row. */
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

  /** @param force also write into logs that are full */
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
