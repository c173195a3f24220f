import type { Side } from './side.js';

/** Numbers from a seed. */
export class Dice {
  constructor(private state: number) {}

  next(): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.state / 4_294_967_296;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(all: readonly T[]): T {
    return all[this.below(all.length)] as T;
  }

  some<T>(all: readonly T[], most: number): T[] {
    const left = [...all];
    const taken: T[] = [];
    for (let n = this.below(most + 1); n > 0 && left.length > 0; n--)
      taken.push(...left.splice(this.below(left.length), 1));
    return taken;
  }
}

/** What is said to both sides: ids are looked up on each. */
export type Step = (side: Side) => Promise<unknown>;
