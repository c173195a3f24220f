import type { RetryPolicy } from '../../../options/index.js';
import type { Clock } from '../../clock.js';

/** Entries that may wait for another attempt in one group and shard; at this number no more are read. */
export const MAX_WAITING_RETRIES = 1000;
/** Below this number it is over: who has told of the bound tells of that. Not right below it, where both would alternate. */
const EASED_RETRIES = 900;

/** Milliseconds to wait after `attempts` failed attempts. */
export function retryDelay(policy: RetryPolicy, attempts: number, clock: Clock): number {
  const full = Math.min(policy.maxDelay, policy.delay * policy.factor ** (attempts - 1));
  return full * (1 - policy.jitter * clock.random());
}

/** The timers of entries that wait for another attempt. */
export class Retries {
  private readonly timers = new Map<string, () => void>();
  /** It was told that no more is read, and not yet that it is over. */
  private isTold = false;

  /** @param tell is called when no more are read, and when clearly fewer wait again */
  constructor(
    private readonly clock: Clock,
    private readonly tell: (isFull: boolean, waiting: number) => void,
  ) {}

  get isFull(): boolean {
    return this.timers.size >= MAX_WAITING_RETRIES;
  }

  /** @param key names the entry; a new wait of the same entry replaces the old one */
  wait(key: string, ms: number, due: () => void): void {
    this.timers.get(key)?.();
    this.timers.set(
      key,
      this.clock.after(Math.max(0, ms), () => {
        this.timers.delete(key);
        if (this.isTold && this.timers.size < EASED_RETRIES) this.told(false);
        due();
      }),
    );
    if (this.isFull && !this.isTold) this.told(true);
  }

  /** Drops all of them: others take them over. */
  clear(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
    if (this.isTold) this.told(false);
  }

  private told(isFull: boolean): void {
    this.isTold = isFull;
    this.tell(isFull, this.timers.size);
  }
}
