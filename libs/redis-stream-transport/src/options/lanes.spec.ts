import { lanes } from './lanes.js';

const read = (value: unknown) => lanes.read(value, 'lanes', { owner: 'Server' });

it('turns lanes into the lane of each pattern', () => {
  const laneOf = read({ slow: ['report', '{"cmd":"x"}'], fast: ['ping'], empty: [] });
  expect([...laneOf]).toEqual([
    ['report', 'slow'],
    ['{"cmd":"x"}', 'slow'],
    ['ping', 'fast'],
  ]);
});

it('lets a pattern stand in one lane only, and names both', () => {
  expect(() => read({ a: ['x'], b: ['x'] })).toThrow(/"lanes" puts "x" in the lanes "a" and "b"/);
  expect(read({ a: ['x', 'x'] }).size).toBe(1);
});

it.each([
  ['an array', ['x'], /"lanes" must be an object of pattern lists, got an array/],
  ['no list', { slow: 'x' }, /"lanes.slow" must be an array of patterns, got the string "x"/],
  [
    'an empty pattern',
    { slow: [''] },
    /"lanes.slow" must be a name of 1 to 1024 characters, got the string ""/,
  ],
  ['an object pattern', { slow: [{ cmd: 'x' }] }, /"lanes.slow"/],
  ['an empty lane name', { '': ['x'] }, /"lanes" must be a name of 1 to/],
  ['too long a pattern', { slow: ['x'.repeat(2000)] }, /"lanes.slow"/],
  ['too many', { slow: Array.from({ length: 10_001 }, (_, n) => `p${n}`) }, /at most 10000/],
])('refuses %s', (_, value, message) => {
  expect(() => read(value)).toThrow(message);
});

it('treats a lane called __proto__ as a name', () => {
  expect(read(JSON.parse('{"__proto__":["x"]}')).get('x')).toBe('__proto__');
});
