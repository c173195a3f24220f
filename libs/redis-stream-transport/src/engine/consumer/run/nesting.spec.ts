import fc from 'fast-check';
import { MAX_CALL_DEPTH } from '../../../protocol/limits.js';
import type { Delivery } from './delivery.js';
import { Nesting } from './nesting.js';

const handler = (depth: number) =>
  ({ depth, calls: 0, running: true, pattern: { lends() {} } }) as unknown as Delivery;

describe('room for calls made inside handlers', () => {
  it('is what waiting handlers lend, and only for such calls', () => {
    const nesting = new Nesting(2);
    const [first, second] = [handler(0), handler(0)];
    expect(nesting.room(2)).toBe(0);
    expect(nesting.waits(first, 1)).toBe(true);
    // A second call of the same handler lends nothing more.
    expect(nesting.waits(first, 1)).toBe(false);
    expect(nesting.room(2)).toBe(1);
    expect(nesting.admits(handler(1), 2)).toBe(true);
    expect(nesting.admits(second, 2)).toBe(false);
    nesting.waits(first, -1);
    expect(nesting.room(2)).toBe(1);
    nesting.waits(first, -1);
    expect(nesting.room(2)).toBe(0);
  });

  it('is given back by a handler that has ended with calls open', () => {
    const nesting = new Nesting(1);
    const one = handler(0);
    nesting.waits(one, 1);
    one.running = false;
    nesting.ended(one);
    expect(nesting.room(1)).toBe(0);
    nesting.waits(one, -1);
    expect(nesting.waiting).toBe(0);
  });

  it('is there for the deepest call, whatever others hold, within its bound', () => {
    const depths = fc.array(fc.integer({ min: 1, max: MAX_CALL_DEPTH }), { maxLength: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), depths, (concurrency, wanted) => {
        const nesting = new Nesting(concurrency);
        let running = 0;
        const counts = new Map<number, number>();
        /** Starts if it may, and at once waits for a deeper call. */
        const start = (depth: number): boolean => {
          const one = handler(depth);
          if (running >= concurrency && !nesting.admits(one, running)) return false;
          running++;
          nesting.started(one);
          nesting.waits(one, 1);
          counts.set(depth, (counts.get(depth) ?? 0) + 1);
          return true;
        };
        for (let i = 0; i < concurrency; i++) start(0);
        for (const depth of wanted) start(depth);
        expect(running).toBeLessThanOrEqual(concurrency * (MAX_CALL_DEPTH + 1));
        for (let depth = 1; depth <= MAX_CALL_DEPTH; depth++) {
          const hasRoom = (counts.get(depth) ?? 0) < concurrency;
          expect(start(depth)).toBe(hasRoom);
        }
      }),
    );
  });
});
