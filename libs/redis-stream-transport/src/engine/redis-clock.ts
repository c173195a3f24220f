import type { Clock } from './clock.js';

/**
 * Redis' time as this process estimates it. Deadlines are measured by one clock only, Redis', so that
 * hosts need not agree; the estimate is off by at most half a round trip.
 */
export class RedisClock {
  private offset: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** Notes that an answer sent out at `sentAt` (monotonic) said it was `redisTime`. */
  observe(redisTime: number, sentAt: number): void {
    // An answer that could not be read names no time.
    if (!(redisTime > 0)) return;
    const now = this.clock.now();
    const uncertainty = (now - sentAt) / 2 + 1;
    const measured = redisTime - (sentAt + now) / 2;
    // Within its uncertainty a measurement says nothing new; outside, one of the clocks was set.
    if (this.offset === undefined || Math.abs(measured - this.offset) > uncertainty) {
      this.offset = measured;
    }
  }

  /** Milliseconds since 1970 on Redis' clock. Before the first answer: this host's. */
  now(): number {
    return this.offset === undefined ? Date.now() : this.clock.now() + this.offset;
  }
}
