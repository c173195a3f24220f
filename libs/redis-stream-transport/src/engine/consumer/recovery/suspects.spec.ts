import { Suspects } from './suspects.js';

describe('two strikes', () => {
  it('at least half a lease apart make a consumer dead', () => {
    const suspects = new Suspects(1000);
    expect(suspects.missing('a', 0)).toBe(false);
    expect(suspects.missing('a', 499)).toBe(false);
    expect(suspects.missing('a', 500)).toBe(true);
  });

  it('more than two leases apart count as one: the scanner or Redis stood still', () => {
    const suspects = new Suspects(1000);
    suspects.missing('a', 0);
    expect(suspects.missing('a', 2001)).toBe(false);
    expect(suspects.missing('a', 2501)).toBe(true);
  });

  it('do not count when the lease was seen in between', () => {
    const suspects = new Suspects(1000);
    suspects.missing('a', 0);
    suspects.missing('b', 0);
    suspects.keepOnly(new Set(['b']));
    expect(suspects.missing('a', 600)).toBe(false);
    expect(suspects.missing('b', 600)).toBe(true);
  });

  it('say when the next one could be given', () => {
    const suspects = new Suspects(1000);
    expect(suspects.nextStrike(0)).toBeUndefined();
    suspects.missing('a', 0);
    suspects.missing('b', 100);
    expect(suspects.nextStrike(200)).toBe(300);
    expect(suspects.nextStrike(900)).toBe(0);
  });
});
