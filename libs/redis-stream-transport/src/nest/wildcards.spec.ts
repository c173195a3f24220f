import { wildcardWarning } from './wildcards.js';

it.each(['orders.*', '*', 'orders.#', '#', 'orders.>', 'home/+/lamp'])('warns of %s', (pattern) => {
  expect(wildcardWarning([pattern, 'orders.placed'])).toBe(
    `patterns with wildcards are not supported yet: "${pattern}" stands for itself only`,
  );
});

it.each(['orders.placed', 'a+b', 'c#', 'a>b', '{"cmd":"*"}', ''])(
  'says nothing of %s',
  (pattern) => {
    expect(wildcardWarning([pattern])).toBeUndefined();
  },
);

it('names a few of many', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `${i}.*`);
  expect(wildcardWarning(many)).toMatch(
    /: "0\.\*", .*"4\.\*" and 995 more stand for themselves only$/,
  );
});
