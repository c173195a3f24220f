import type { PatternSpec } from './pattern-state.js';
import { Patterns } from './patterns.js';

const spec = (pattern: string, more: Partial<PatternSpec> = {}) =>
  ({ pattern, stream: pattern, answers: true, broadcast: false, ...more }) as PatternSpec;

test('what the service reads already is none that a wildcard brings: patterns, lanes, and streams of classes', () => {
  const specs = [spec('a', { priorities: true }), spec('b', { stream: 'lane' })];
  const patterns = new Patterns([...specs, spec('c', { broadcast: true })], 1);
  patterns.here(0, false);
  patterns.here(0, true);
  const names = ['a', 'a|1', 'a|2', 'b', 'lane', 'c', 'a|3'];
  expect(names.filter((name) => patterns.has(name))).toEqual(['a', 'a|1', 'a|2', 'b', 'lane']);
  const came = patterns.add(spec('d', { wild: true }));
  expect(patterns.has('d')).toBe(true);
  patterns.drop(came);
  expect(patterns.has('d')).toBe(false);
});
