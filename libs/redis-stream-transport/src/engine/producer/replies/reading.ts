import type { Credit } from '../../../protocol/credit.js';
import type { ResolvedWindow } from '../../../options/index.js';
import type { Run } from './run.js';

/** How far the reader of one streamed reply has come, and how many values it is given. */
export class Reading {
  /** Its service is to be told of this turn. */
  isMoving = false;
  /** The run whose values are counted. */
  private run: Run | undefined;
  /** Index after the last value that the application was given, and after the last one that it took. */
  private handed = 0;
  private taken = 0;
  /** Values of an earlier run that were handed and not taken. */
  private stale = 0;
  /** What the service was told last. */
  private told = { asked: 0, taken: 0 };
  /** Values that may be on their way. */
  private allowance: number;
  private grownAt = 0;
  /** Values that have come and were not handed to the application yet. */
  private coming = 0;
  /** Characters that the service may count for values that it does not know to be taken: as many, or more. */
  private weight = 0;

  constructor(private readonly window: ResolvedWindow) {
    this.allowance = window.values;
  }

  /** Values wait for the reader: it has no right to expect further ones. */
  get isStanding(): boolean {
    return this.handed > this.taken;
  }

  /** Consumer that runs the handler. */
  get instance(): string | undefined {
    return this.run?.instance;
  }

  /** A value came. @param length characters of its frame */
  weigh(length: number): void {
    this.coming++;
    this.weight += length;
  }

  /** A value is handed to the application. @returns whether it is the first of its run */
  hand(run: Run): boolean {
    const isFirst = run !== this.run;
    if (isFirst) this.begin(run);
    this.handed++;
    this.left();
    return isFirst;
  }

  /** A value is handed to the application whose run another one has replaced meanwhile. */
  handOld(): void {
    if (this.run === undefined) this.stale++;
    else this.handed++;
    this.left();
  }

  /** The application has taken a value. */
  take(): void {
    if (this.stale > 0) this.stale--;
    else if (this.taken < this.handed) this.taken++;
  }

  /**
   * What to tell the service now; undefined: nothing that is worth a message. A reader that has taken all that came is
   * given more at once each time it has used up what it was given; one that is behind gets what the window says.
   */
  due(): Credit | undefined {
    const { allowance, window, told } = this;
    if (this.isStanding) this.allowance = window.values;
    else if (this.taken - this.grownAt >= allowance && allowance < window.most) {
      this.allowance = Math.min(window.most, allowance * 2);
      this.grownAt = this.taken;
    }
    const more = this.taken + this.allowance - told.asked;
    return this.isHeavy || more >= this.allowance / 2 ? this.credit() : undefined;
  }

  /** What the service is told; undefined while no value came. */
  credit(): Credit | undefined {
    if (this.run === undefined) return undefined;
    const asked = Math.max(this.told.asked, this.taken + this.allowance);
    if (!this.isStanding && this.coming === 0) this.weight = 0;
    this.told = { asked, taken: this.taken };
    return { nonce: this.run.nonce, ...this.told };
  }

  /**
   * The service may stand because of characters, and half of the values that it does not know to be taken were taken; or
   * all of them, so that it goes on in any case.
   */
  private get isHeavy(): boolean {
    const taken = this.taken - this.told.taken;
    const most = this.handed - this.told.taken;
    return taken > 0 && taken >= most / 2 && this.weight >= this.window.characters / 4;
  }

  private left(): void {
    if (this.coming > 0) this.coming--;
  }

  private begin(run: Run): void {
    if (this.run !== undefined) this.stale += this.handed - this.taken;
    this.run = run;
    const first = run.first ?? 0;
    this.handed = this.taken = this.grownAt = first;
    this.allowance = this.window.values;
    this.told = { asked: first + this.window.values, taken: first };
  }
}
