import { Flood } from './flood.js';

describe('news of the streams of others', () => {
  it('are a flood when they are many in a second, and most of all', () => {
    const flood = new Flood();
    expect(flood.isMet(5000, 10, 20_000)).toBe(false);
    expect(flood.isMet(5900, 0, 1)).toBe(true);
    // Each second counts by itself.
    expect(flood.isMet(6001, 0, 20_000)).toBe(false);
  });

  it('are none as long as our own are a fifth of all', () => {
    const flood = new Flood();
    expect(flood.isMet(5000, 10_000, 40_000)).toBe(false);
    expect(flood.isMet(5001, 0, 1)).toBe(true);
  });
});
