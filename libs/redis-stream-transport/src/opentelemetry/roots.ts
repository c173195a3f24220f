import { randomBytes } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';

/** Of all messages and runs that are not to be in a trace: one for all, which nobody records. */
export const UNSAMPLED: SpanContext = {
  traceId: randomBytes(16).toString('hex'),
  spanId: randomBytes(8).toString('hex'),
  traceFlags: 0,
};

/** Decides about messages that are in no trace, before a sampler is asked: that takes longer than all else. */
export class Roots {
  /** @param share of these messages that may begin a trace, 0 to 1 */
  constructor(private readonly share: number) {}

  /** Whether less than half of them may. */
  get areRare(): boolean {
    return this.share < 0.5;
  }

  mayBegin(): boolean {
    return this.share === 1 || Math.random() < this.share;
  }
}
