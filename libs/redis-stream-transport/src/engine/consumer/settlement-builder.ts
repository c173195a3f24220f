import { encodeFrame } from '../../protocol/frame.js';
import { MAX_FRAME_LENGTH, MAX_SCRIPT_LENGTH } from '../../protocol/limits.js';
import type { KeyedResult, Settlement } from '../../redis/group-broker.js';
import type { Delivery } from './delivery.js';

interface LogPart {
  text: string;
  life: number;
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

/** Gathers what one turn finished into one settlement: a frame per caller, ids per stream. */
export class SettlementBuilder {
  readonly finished: Finished[] = [];
  length = 0;
  private readonly logs = new Map<string, LogPart>();
  private readonly streams = new Map<string, { keep: string[]; drop: string[] }>();

  /** Whether one more reply would break the bounds of a frame or of a script. */
  wouldOverflow(caller: string | undefined, reply: string | undefined): boolean {
    if (reply === undefined || caller === undefined || this.length === 0) return false;
    if (this.length + reply.length > MAX_SCRIPT_LENGTH) return true;
    const part = this.logs.get(caller);
    return part !== undefined && part.text.length + reply.length > MAX_FRAME_LENGTH;
  }

  add(finished: Finished, life: number): void {
    this.finished.push(finished);
    const { delivery, reply, final } = finished;
    const { caller } = delivery.entry.header;
    if (reply !== undefined && caller !== undefined) {
      this.length += reply.length;
      const part = this.logs.get(caller);
      if (part === undefined) {
        this.logs.set(caller, { text: reply, life });
      } else {
        part.text += ',' + reply;
        if (life > part.life) part.life = life;
      }
    }
    if (!final) return;
    const { name } = delivery.stream;
    let ids = this.streams.get(name);
    if (ids === undefined) this.streams.set(name, (ids = { keep: [], drop: [] }));
    (delivery.isRequest ? ids.drop : ids.keep).push(delivery.id);
  }

  build(instance: string): Settlement {
    const logs = [];
    for (const [caller, { text, life }] of this.logs) {
      logs.push({ caller, frame: encodeFrame(instance, text), life, force: false });
    }
    const streams = [];
    for (const [stream, { keep, drop }] of this.streams) streams.push({ stream, keep, drop });
    return { logs, streams };
  }
}
