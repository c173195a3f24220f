import { wildcardWarning } from './wildcards.js';

it.each(['orders.*', '*', 'orders.#', '#', 'orders.>', 'home/+/lamp'])('warns of %s', (pattern) => {
  expect(wildcardWarning([pattern, 'orders.placed'], false)).toBe(
    `"${pattern}" stands for itself only: with the option \`wildcards\`, \`*\`, \`?\` and \`[…]\` stand for others`,
  );
});

it('says which wildcards there are where those of another broker are used', () => {
  expect(wildcardWarning(['orders.*', 'orders.>'], true)).toBe(
    '"orders.>" stands for itself only: wildcards are `*`, `?` and `[…]`',
  );
});

it.each(['orders.placed', 'a+b', 'c#', 'a>b', '{"cmd":"*"}', ''])(
  'says nothing of %s',
  (pattern) => {
    expect(wildcardWarning([pattern], false)).toBeUndefined();
  },
);

it('names a few of many', () => {
  const many = Array.from({ length: 1000 }, (_, i) => `${i}.*`);
  expect(wildcardWarning(many, false)).toMatch(
    /^"0\.\*", .*"4\.\*" and 995 more stand for themselves only: /,
  );
});
