import { HandOvers } from './hand-overs.js';

describe('an entry that is handed to another member', () => {
  it('is handed on once, and again after a take-over', () => {
    const handOvers = new HandOvers();
    expect(handOvers.isFirst('a', '1-0', 1)).toBe(true);
    handOvers.note('a', '1-0', 1);
    expect(handOvers.isFirst('a', '1-0', 1)).toBe(false);
    expect(handOvers.isFirst('a', '1-0', 2)).toBe(true);
    expect(handOvers.isFirst('b', '1-0', 1)).toBe(true);
  });

  it('is forgotten after 10,000 others', () => {
    const handOvers = new HandOvers();
    for (let i = 0; i <= 10_000; i++) handOvers.note('a', `${i}-0`, 1);
    expect(handOvers.isFirst('a', '0-0', 1)).toBe(true);
    expect(handOvers.isFirst('a', '1-0', 1)).toBe(false);
  });
});
