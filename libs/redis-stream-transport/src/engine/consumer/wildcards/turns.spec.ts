import { Turns } from './turns.js';

it('takes a list in turn, a part in each round, also where it grows shorter', () => {
  const turns = new Turns();
  const round = (names: string, most: number) => {
    turns.begin(most);
    const taken = names
      .split('')
      .filter(() => turns.isNext())
      .join('');
    turns.end();
    return taken;
  };
  expect([round('abcde', 2), round('abcde', 2), round('abcde', 2), round('abcde', 2)]).toEqual([
    ...['ab', 'cd', 'e', 'ab'],
  ]);
  expect([round('ab', 2), round('abc', 9), round('', 2)]).toEqual(['', 'abc', '']);
});
