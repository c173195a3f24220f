import type { Clock } from '../../clock.js';

/** Milliseconds after which a stream is asked about again: at first, and at most. They double. */
const FIRST = 50;
const MOST = 1000;

/**
 * Streams that are asked about again because another group takes over, and instances of this one have not left yet. That takes as long
 * as what they read, and longer where one is frozen. Each question costs Redis a script, so it is asked ever later.
 */
export class AskedAgain {
  private readonly all = new Map<string, { readonly at: number; readonly pause: number }>();

  constructor(private readonly clock: Clock) {}

  /** Milliseconds until one of them is due; undefined: there is none. */
  get wait(): number | undefined {
    if (this.all.size === 0) return undefined;
    return Math.min(...Array.from(this.all.values(), ({ at }) => at)) - this.clock.now();
  }

  /** Those that are due. */
  get due(): string[] {
    return [...this.all.keys()].filter((name) => !this.waits(name));
  }

  /** It is not due yet. */
  waits(name: string): boolean {
    const one = this.all.get(name);
    return one !== undefined && one.at > this.clock.now();
  }

  /** It was asked about. @param isDecided it is known now whose it is */
  asked(name: string, isDecided: boolean): void {
    const last = this.all.get(name)?.pause;
    if (isDecided) {
      this.all.delete(name);
      return;
    }
    const pause = last === undefined ? FIRST : Math.min(2 * last, MOST);
    this.all.set(name, { at: this.clock.now() + pause, pause });
  }
}
