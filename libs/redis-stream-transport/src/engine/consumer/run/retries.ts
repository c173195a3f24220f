import type { RetryPolicy } from '../../../options/index.js';
import type { Clock } from '../../clock.js';

/** Entries that may wait for another attempt in one group and shard; at this number no more are read. */
export const MAX_WAITING_RETRIES = 1000;

/** Milliseconds to wait after `attempts` failed attempts. */
export function retryDelay(policy: RetryPolicy, attempts: number, clock: Clock): number {
  const full = Math.min(policy.maxDelay, policy.delay * policy.factor ** (attempts - 1));
  return full * (1 - policy.jitter * clock.random());
}

/** The timers of entries that wait for another attempt. */
export class Retries {
  private readonly timers = new Map<string, () => void>();

  constructor(private readonly clock: Clock) {}

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
        due();
      }),
    );
  }

  clear(): void {
    for (const cancel of this.timers.values()) cancel();
    this.timers.clear();
  }
}
