import type { Credit, WindowSize } from '../../../protocol/credit.js';

const nothing = (): void => undefined;

/**
 * How far one run of a handler may send values. The caller says up to which reply it asks for values, and up to which
 * its reader has taken them; both only grow. What was sent and not taken is bounded in characters too.
 */
export class SendWindow {
  /** Replies up to this index may be sent. */
  private asked: number;
  /** Replies up to this index were taken. */
  private taken: number;
  /** Index of the next value that the handler gives. */
  private given: number;
  /** Characters of the replies from `taken` on, and their sum. */
  private readonly lengths: number[] = [];
  private length = 0;
  private waiting: () => void = nothing;
  /** The caller has said something. */
  private isHeard = false;

  /** @param first index of the first value */
  constructor(
    private readonly size: WindowSize,
    first: number,
  ) {
    this.taken = this.given = first;
    this.asked = first + size.values;
  }

  /** The caller has asked for one value more at least. */
  get isOpen(): boolean {
    return this.given < this.asked && this.length < this.size.characters;
  }

  /**
   * Whether a value that was sent gives the run new time, as in streams that do not wait. From the second one on, and
   * once the caller has said something, only its notices do: they prove that it lives.
   */
  get renews(): boolean {
    return !this.isHeard && this.lengths.length <= 1;
  }

  /** The handler has given a value, which is going to be sent. */
  give(): void {
    this.given++;
  }

  /** A value is on its way. @param length characters */
  sent(length: number): void {
    this.lengths.push(length);
    this.length += length;
  }

  /** The caller's latest word, or an old one. */
  credit({ asked, taken }: Omit<Credit, 'nonce'>): void {
    this.isHeard = true;
    if (asked > this.asked) this.asked = asked;
    // A caller cannot have taken what was not sent.
    const more = Math.min(taken - this.taken, this.lengths.length);
    if (more > 0) {
      this.taken += more;
      for (const length of this.lengths.splice(0, more)) this.length -= length;
    }
    if (this.isOpen) this.wake();
  }

  /** Calls back once, when the caller has asked for more; or when `wake` is called. */
  whenOpen(told: () => void): void {
    const before = this.waiting;
    this.waiting = before === nothing ? told : () => (before(), told());
  }

  /** The wait is over, because the stream is. */
  wake(): void {
    const told = this.waiting;
    this.waiting = nothing;
    told();
  }

  /** Resolves when `whenOpen` calls back. */
  opened(): Promise<void> {
    return new Promise((resolve) => this.whenOpen(resolve));
  }
}
