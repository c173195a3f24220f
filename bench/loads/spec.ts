// What a client process is told to do.
import type { PayloadName } from '../harness/payloads.js';

export interface Spec {
  load: 'closed' | 'open';
  pattern: string;
  payload: PayloadName;
  /** closed loop: calls in flight, of each caller */
  concurrency?: number;
  /** open loop: calls per second, of all callers together */
  rate?: number;
}
