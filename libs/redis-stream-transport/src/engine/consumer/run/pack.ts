import { ENDED, MARKED, OPEN } from '../../../protocol/pack.js';
import { hashOf, type Identified } from '../../id-table.js';

/** Something that has a place in a pack. */
export interface Placed {
  readonly place: number;
}

/**
 * A pack that this process holds: calls of one entry, which run and end one by one. Its entry leaves Redis when
 * the last of them has ended, and Redis decides that, by what is noted of each: this process may not have seen
 * all of them end.
 */
export class Pack<Call extends Placed> implements Identified {
  readonly hash: number;
  sameSlot: this | undefined;
  private readonly members: (Call | undefined)[];
  private held = 0;
  /** Letters of calls whose end Redis has confirmed, as far as this process knows. */
  private readonly ended: string[];
  /** Calls of which it has not. */
  private open: number;
  /** A mark was set, and Redis has not confirmed yet what became of its call. */
  private marked: Call | undefined;
  /** By place: Redis was asked to mark the call. Made with the first. */
  private asked: boolean[] | undefined;
  private readonly waiting: (() => void)[] = [];

  /**
   * @param state a letter for each call; undefined: Redis notes nothing of them
   * @param group of events: that which handles them here; undefined: they are calls
   */
  constructor(
    readonly id: string,
    readonly size: number,
    private readonly state: string | undefined,
    private readonly group?: string,
  ) {
    this.hash = hashOf(id);
    this.members = Array.from({ length: size }, () => undefined);
    this.ended = Array.from({ length: size }, (_, place) =>
      state?.[place] === ENDED ? ENDED : OPEN,
    );
    this.open = this.ended.filter((letter) => letter === OPEN).length;
  }

  /** Its members are events: other groups handle them too. */
  get isShared(): boolean {
    return this.group !== undefined;
  }

  /** What its letters are noted under in Redis. */
  get note(): string {
    return this.group === undefined ? this.id : `${this.id} ${this.group}`;
  }

  /** Redis notes nothing of its calls, as far as this process knows. */
  get isUntouched(): boolean {
    return this.state === undefined && this.asked === undefined && this.open === this.size;
  }

  /** All of its calls have ended when these have. */
  endsWith({ length }: readonly Call[]): boolean {
    return length === this.open;
  }

  /** A letter for each call: those that this process knows to have ended, and those that end now. */
  lettersWith(ending: readonly Call[]): string {
    const letters = [...this.ended];
    for (const { place } of ending) letters[place] = ENDED;
    return letters.join('');
  }

  isOpen(place: number): boolean {
    return this.ended[place] !== ENDED;
  }

  /** An earlier holder marked the call before it started it. */
  wasMarked(place: number): boolean {
    return this.state?.[place] === MARKED;
  }

  /**
   * Redis is about to be asked to mark the call. Returns whether it was asked before: then a mark that it finds may be
   * of this process, which has not heard the answer.
   */
  asksToMark({ place }: Call): boolean {
    this.asked ??= [];
    const before = this.asked[place] === true;
    this.asked[place] = true;
    return before;
  }

  hold(delivery: Call): void {
    if (this.members[delivery.place] === undefined) this.held++;
    this.members[delivery.place] = delivery;
  }

  holds(delivery: Call): boolean {
    return this.members[delivery.place] === delivery;
  }

  at(place: number): Call | undefined {
    return this.members[place];
  }

  /** None of its calls is to run: all have ended. */
  get isEmpty(): boolean {
    return this.held === 0;
  }

  deliveries(): Call[] {
    return this.members.filter((one) => one !== undefined);
  }

  /** Redis has confirmed its end. */
  endedInRedis({ place }: Call): void {
    if (this.isOpen(place)) this.open--;
    this.ended[place] = ENDED;
  }

  /** The call has ended here. Returns whether it was the last that was held. */
  release(delivery: Call): boolean {
    if (!this.holds(delivery)) return false;
    this.unmark(delivery);
    this.members[delivery.place] = undefined;
    this.held--;
    return this.held === 0;
  }

  /**
   * Waits until no other call of it is marked: two open marks would not tell which of them ended the process. Then this
   * one is, unless it was released meanwhile. Returns whether it is.
   */
  async mark(delivery: Call): Promise<boolean> {
    while (this.marked !== undefined && this.marked.place !== delivery.place) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
    if (!this.holds(delivery)) return false;
    this.marked = delivery;
    return true;
  }

  /** Redis has confirmed what became of it: its end, or its next attempt. */
  unmark(delivery: Call): void {
    if (this.marked?.place !== delivery.place) return;
    this.marked = undefined;
    for (const next of this.waiting.splice(0)) next();
  }
}
