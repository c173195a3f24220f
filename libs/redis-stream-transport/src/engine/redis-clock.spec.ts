import { FakeClock } from '../../../../test/support/fake-clock.js';
import { RedisClock } from './redis-clock.js';

describe("Redis' clock", () => {
  it("is this host's before the first answer", () => {
    expect(Math.abs(new RedisClock(new FakeClock()).now() - Date.now())).toBeLessThan(1000);
  });

  it('is taken from the middle of a round trip, and runs on', () => {
    const clock = new FakeClock();
    const redis = new RedisClock(clock);
    const sentAt = clock.now();
    clock.pass(20);
    redis.observe(5_000_000, sentAt);
    expect(redis.now()).toBe(5_000_010);
    clock.pass(100);
    expect(redis.now()).toBe(5_000_110);
  });

  it('does not change within the uncertainty of a measurement', () => {
    const clock = new FakeClock();
    const redis = new RedisClock(clock);
    redis.observe(5_000_000, clock.now());
    const sentAt = clock.now();
    clock.pass(100);
    redis.observe(5_000_060, sentAt);
    expect(redis.now()).toBe(5_000_100);
  });

  it('follows a clock that was set', () => {
    const clock = new FakeClock();
    const redis = new RedisClock(clock);
    redis.observe(5_000_000, clock.now());
    redis.observe(9_000_000, clock.now());
    expect(redis.now()).toBe(9_000_000);
    redis.observe(1_000_000, clock.now());
    expect(redis.now()).toBe(1_000_000);
  });
});
