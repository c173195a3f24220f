import { sharedScope, type DeadlineScope } from './deadline-scope.js';

function scope(depth: number) {
  const calls = { open: 0 };
  const it: DeadlineScope = {
    expiresAt: 5,
    depth,
    callOpened: () => void calls.open++,
    callClosed: () => void calls.open--,
  };
  return { it, calls };
}

describe('the scope of one run for several handlers', () => {
  it('is as deep as the deepest, has no deadline, and tells each of its calls', () => {
    const [one, other] = [scope(2), scope(0)];
    const shared = sharedScope([other.it, undefined, one.it]);
    expect(shared).toMatchObject({ depth: 2, expiresAt: Number.POSITIVE_INFINITY });
    shared?.callOpened();
    expect([one.calls.open, other.calls.open]).toEqual([1, 1]);
    shared?.callClosed();
    expect([one.calls.open, other.calls.open]).toEqual([0, 0]);
  });

  it('is none where no handler has one', () => {
    expect(sharedScope([undefined, undefined])).toBeUndefined();
  });
});
