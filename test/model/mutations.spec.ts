import { MUTATIONS } from './mutations.js';

// `npm run model -- --mutants` sees that the model notices each. Here it is only seen that each can be made.

test.each(MUTATIONS)('$name: applies, and can be taken back', ({ apply }) => {
  const once = () => apply()();
  expect(once).not.toThrow();
  expect(once).not.toThrow();
});
