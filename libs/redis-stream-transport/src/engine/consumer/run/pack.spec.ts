import type { Delivery } from './delivery.js';
import { Pack } from './pack.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));
const at = (place: number) => ({ place }) as Delivery;

describe('a pack that this process holds', () => {
  it('is held until the last of its calls is released', () => {
    const pack = new Pack<Delivery>('1-0', 3, undefined);
    const [one, two, three] = [at(0), at(1), at(2)];
    for (const each of [one, two, three]) pack.hold(each);
    expect([pack.release(one), pack.release(one), pack.release(three)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(pack.release(two)).toBe(true);
  });

  it('does not count a call twice that is to be run again', () => {
    const pack = new Pack<Delivery>('1-0', 2, undefined);
    const [first, again] = [at(0), at(0)];
    pack.hold(first);
    pack.hold(at(1));
    pack.hold(again);
    expect([pack.holds(first), pack.holds(again)]).toEqual([false, true]);
    expect(pack.deliveries()).toHaveLength(2);
  });

  it('is untouched until Redis notes something of it', () => {
    const pack = new Pack<Delivery>('1-0', 2, undefined);
    expect(pack.isUntouched).toBe(true);
    pack.endedInRedis(at(0));
    expect(pack.isUntouched).toBe(false);
    expect(pack.lettersWith([at(1)])).toBe('xx');
    expect(new Pack<Delivery>('1-0', 2, '..').isUntouched).toBe(false);
  });

  it('P13: remembers which calls Redis was asked to mark, and is untouched no more', () => {
    const pack = new Pack<Delivery>('1-0', 2, undefined);
    expect([pack.asksToMark(at(1)), pack.asksToMark(at(0)), pack.asksToMark(at(1))]).toEqual([
      false,
      false,
      true,
    ]);
    expect(pack.isUntouched).toBe(false);
  });

  it('P12: lets a call that had to wait after its mark be marked again', async () => {
    const pack = new Pack<Delivery>('1-0', 2, undefined);
    const [first, again] = [at(0), at(0)];
    pack.hold(first);
    await pack.mark(first);
    // The lease was in doubt, so it is another delivery of the same call that starts.
    pack.hold(again);
    const marked: string[] = [];
    void pack.mark(again).then(() => marked.push('again'));
    void pack.mark(at(1)).then(() => marked.push('next'));
    await turn();
    expect(marked).toEqual(['again']);
    pack.release(again);
    await turn();
    expect(marked).toEqual(['again', 'next']);
  });

  it('P12: does not wait for a call that has ended before its turn came', async () => {
    const pack = new Pack<Delivery>('1-0', 3, undefined);
    const calls = [at(0), at(1), at(2)];
    for (const each of calls) pack.hold(each);
    const marked: boolean[] = [];
    for (const each of calls) void pack.mark(each).then((is) => (marked[each.place] = is));
    await turn();
    pack.release(calls[1]!);
    pack.release(calls[0]!);
    await turn();
    expect(marked).toEqual([true, false, true]);
  });

  it('P12: marks one call at a time, the next when it is known what became of the one before', async () => {
    const pack = new Pack<Delivery>('1-0', 3, undefined);
    const marked: number[] = [];
    const [one, two, three] = [at(0), at(1), at(2)];
    for (const each of [one, two, three]) {
      pack.hold(each);
      void pack.mark(each).then(() => marked.push(each.place));
    }
    await turn();
    expect(marked).toEqual([0]);
    pack.release(one);
    await turn();
    expect(marked).toEqual([0, 1]);
    // Its next attempt is noted: it is held on, and marked no longer.
    pack.unmark(two);
    await turn();
    expect(marked).toEqual([0, 1, 2]);
  });
});
