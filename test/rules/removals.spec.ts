import { join } from 'node:path';
import { read, SOURCES } from '../architecture/source-tree.js';
import { REMOVALS } from './removals.js';
import { RULE_ROWS } from './rows.js';

// `npm run removals` takes each part out and runs its test. Here it is only seen that this is possible.

test('each row of the rules names what is taken out', () => {
  const named = RULE_ROWS.map(({ rule, part }) => `${rule}: ${part}`);
  expect(REMOVALS.map(({ rule, part }) => `${rule}: ${part}`)).toEqual(named);
});

test.each(REMOVALS)('$rule: $part applies exactly once', ({ file, changes }) => {
  const source = read(join(SOURCES, file));
  for (const [from] of changes) expect(source.split(from)).toHaveLength(2);
});
