import type { Call } from '../engine/producer/call.js';
import type { Producer } from '../engine/producer/producer.js';

/**
 * Cancels a call for as long as it is open, and holds nothing of it after that. An Observable keeps what cancels it in an array that V8 may
 * put into its old generation, where a dead one would keep all of the call until the next large collection (docs/decisions/0051).
 */
export class OpenCall {
  constructor(
    private readonly producer: Pick<Producer, 'cancel'>,
    private call: Call | undefined,
  ) {}

  /** The application has stopped waiting. */
  cancel(): void {
    if (this.call !== undefined) this.producer.cancel(this.call, false);
  }

  /** The call has ended. */
  over(): void {
    this.call = undefined;
  }
}
