import { FailureDetector } from './failure-detector.js';

describe('two strikes', () => {
  it('at least half a lease apart make a consumer dead', () => {
    const detector = new FailureDetector(1000);
    expect(detector.missing('a', 0)).toBe(false);
    expect(detector.missing('a', 499)).toBe(false);
    expect(detector.missing('a', 500)).toBe(true);
  });

  it('more than two leases apart count as one: the scanner or Redis stood still', () => {
    const detector = new FailureDetector(1000);
    detector.missing('a', 0);
    expect(detector.missing('a', 2001)).toBe(false);
    expect(detector.missing('a', 2501)).toBe(true);
  });

  it('do not count when the lease was seen in between', () => {
    const detector = new FailureDetector(1000);
    detector.missing('a', 0);
    detector.missing('b', 0);
    detector.keepOnly(new Set(['b']));
    expect(detector.missing('a', 600)).toBe(false);
    expect(detector.missing('b', 600)).toBe(true);
  });

  it('say when the next one is possible', () => {
    const detector = new FailureDetector(1000);
    expect(detector.nextStrike(0)).toBeUndefined();
    detector.missing('a', 0);
    detector.missing('b', 100);
    expect(detector.nextStrike(200)).toBe(300);
    expect(detector.nextStrike(900)).toBe(0);
  });
});
