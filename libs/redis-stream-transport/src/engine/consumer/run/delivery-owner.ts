import type { ReplyKind } from '../../../protocol/frame.js';
import type { Arrival } from '../../../redis/start-broker.js';
import type { DeadLetterCause, FailedAttempt } from './ends.js';

/** What tells a sealed message from all others, and for how long it is remembered. */
export type Message = Omit<Arrival, 'name'>;

/** The part that lets sealed messages in once. */
export interface MessageGate<Delivery> {
  /** Calls back if the message came for the first time and the delivery has not ended; else ends that, unrun. */
  admit(delivery: Delivery, message: Message, begin: () => void): void;
}

/** The part that ends deliveries in Redis. */
export interface OwnerOf<Delivery> extends MessageGate<Delivery> {
  /** It has a slot. */
  begin(delivery: Delivery): void;
  /** Sends a reply; `final` ends the delivery. */
  reply(delivery: Delivery, kind: ReplyKind, payload: string | undefined, final: boolean): void;
  acknowledge(delivery: Delivery): void;
  /** Tries again later if the policy permits; else makes a dead letter. */
  retry(delivery: Delivery, failed: FailedAttempt): void;
  deadLetter(delivery: Delivery, letter: DeadLetterCause): void;
  /** Ends an event whose time was over before it could start. */
  expired(delivery: Delivery): void;
}

/** The part that gives slots to deliveries. */
export interface SlotsOf<Delivery> {
  /** A value was streamed to a caller with an idle timeout: the deadline is set anew. */
  renewed(delivery: Delivery): void;
  /** Its handler waits for one call more (1), or for one less (-1). */
  waits(delivery: Delivery, calls: 1 | -1): void;
}
