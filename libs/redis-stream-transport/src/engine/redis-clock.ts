import { todayOf, type Clock } from './clock.js';

/**
 * Estimates Redis' time. All deadlines are measured by Redis' clock, so that the clocks of hosts need not agree. The
 * estimate is off by at most half a round trip.
 */
export class RedisClock {
  private offset: number | undefined;

  constructor(private readonly clock: Clock) {}

  /**
   * Notes the time in an answer of Redis.
   * @param redisTime milliseconds since 1970
   * @param sentAt monotonic milliseconds at which the question was sent
   */
  observe(redisTime: number, sentAt: number): void {
    // The answer could not be read.
    if (!(redisTime > 0)) return;
    const now = this.clock.now();
    const uncertainty = (now - sentAt) / 2 + 1;
    const measured = redisTime - (sentAt + now) / 2;
    // A difference within the uncertainty says nothing new; a larger one means that a clock was set.
    if (this.offset === undefined || Math.abs(measured - this.offset) > uncertainty) {
      this.offset = measured;
    }
  }

  /** Redis has answered once. */
  get isKnown(): boolean {
    return this.offset !== undefined;
  }

  /**
   * Redis' clock, milliseconds since 1970. Before the first answer: this host's clock.
   * @param at the monotonic time, if it is known already
   */
  now(at?: number): number {
    if (this.offset === undefined) return todayOf(this.clock);
    return (at ?? this.clock.now()) + this.offset;
  }
}
