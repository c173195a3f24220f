import fc from 'fast-check';
import { FairShare } from './fair-share.js';

describe('the fair share', () => {
  it('of a lone instance is all that it can start', () => {
    expect(new FairShare().count(200, 1, 200, false)).toBe(200);
  });

  it('of several instances is a part of the burst that was assumed or seen', () => {
    const share = new FairShare();
    expect(share.count(200, 4, 200, false)).toBe(25);
    // A burst of 400 fills the read of each of four.
    for (let i = 0; i < 20; i++) {
      share.noted(100, 100, 4, 100);
      share.noted(0, 100, 4, 1);
      share.noted(100, 100, 4, 100);
      share.noted(3, 100, 4, 0);
    }
    expect(share.count(200, 4, 200, false)).toBeGreaterThan(25);
  });

  it('hardly grows with the rest of a burst, which one of them gets', () => {
    const share = new FairShare();
    share.noted(25, 25, 4, 100);
    share.noted(13, 25, 4, 0);
    expect(share.count(200, 4, 200, false)).toBe(27);
  });

  it('does not take two bursts in a row for one', () => {
    const share = new FairShare();
    for (let i = 0; i < 10; i++) share.noted(25, 25, 4, 3);
    expect(share.count(200, 4, 200, false)).toBe(25);
  });

  it('returns to the assumed burst after a quiet read', () => {
    const share = new FairShare();
    for (let i = 0; i < 200; i++) share.noted(1, 25, 4, 100);
    expect(share.count(200, 4, 200, false)).toBeLessThan(25);
    share.noted(0, 25, 4, 2000);
    expect(share.count(200, 4, 200, false)).toBe(25);
  });

  it('of a burst of packs is what callers lay out for each member, and doubles in a backlog', () => {
    const share = new FairShare();
    const counts: number[] = [];
    for (const waited of [100, 0, 0, 0]) {
      counts.push(share.count(200, 4, 200, true));
      share.noted(counts.at(-1)!, counts.at(-1)!, 4, waited);
    }
    expect(counts).toEqual([4, 4, 8, 16]);
    expect(share.isGreedy).toBe(true);
    share.noted(2, 32, 4, 0);
    expect(share.isGreedy).toBe(false);
    expect(share.count(200, 4, 200, true)).toBe(4);
  });

  it('of bursts of packs one after the other stays what callers lay out', () => {
    const share = new FairShare();
    for (let i = 0; i < 10; i++) share.noted(4, 4, 4, 3);
    expect(share.count(200, 4, 200, true)).toBe(4);
  });

  it('is at least worth a read, and never more than can start', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 500 }),
        fc.integer({ min: 1, max: 100 }),
        fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 300 }), fc.nat(50))),
        fc.boolean(),
        (free, members, reads, packs) => {
          const share = new FairShare();
          for (const [entries, count, waited] of reads) {
            share.noted(Math.min(entries, count), count, members, waited);
          }
          const count = share.count(free, members, 500, packs);
          expect(count).toBeLessThanOrEqual(free);
          expect(count).toBeGreaterThanOrEqual(Math.min(free, 4));
        },
      ),
    );
  });
});
