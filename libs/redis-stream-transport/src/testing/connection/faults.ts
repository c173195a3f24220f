/** How an operation fails. */
export type Failure =
  /** The broker refuses it; nothing is done. */
  | 'refused'
  /** It is done, and the connection ends before the answer. */
  | 'lost'
  /** The connection ends, and nothing is done. */
  | 'unsent';

/** A failure that waits for an operation. */
export interface Fault {
  readonly operation: string;
  readonly failure: Failure;
  /** What is answered to a refused one. */
  readonly error: string;
}

/** The failures that tests have asked for, in their order. */
export class Faults {
  private readonly waiting: Fault[] = [];

  add(fault: Fault): void {
    this.waiting.push(fault);
  }

  /** The failure that was meant for an operation; it is over with that. */
  take(operation: string): Fault | undefined {
    if (this.waiting.length === 0) return undefined;
    const at = this.waiting.findIndex((fault) => fault.operation === operation);
    return at === -1 ? undefined : this.waiting.splice(at, 1)[0];
  }
}
