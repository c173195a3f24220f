import { isLone, pushSections, type BatchSection } from './sections.js';

const lone: BatchSection = {
  ...{ stream: 's', pattern: 's', mode: 0, measures: false, hasExtraFields: false },
  entries: [['header', 'data']],
};
const ofClass = { stream: 's|1', isEvent: false };

it.each<[string, Partial<BatchSection>]>([
  ['a mode', { mode: 1 }],
  ['a question', { asks: true }],
  ['a length that is looked at', { measures: true }],
  ['a class', { ofClass }],
  ['a second entry', { entries: [...lone.entries, ...lone.entries] }],
])('an entry with %s is not lone', (_what, changes) => {
  expect(isLone(lone)).toBe(true);
  expect(isLone({ ...lone, ...changes })).toBe(false);
});

it('writes an entry of a class by itself, with whom the class depends on', () => {
  const line: string[] = [];
  pushSections(line, [
    lone,
    { ...lone, ofClass },
    { ...lone, ofClass: { ...ofClass, isEvent: true } },
    lone,
    lone,
  ]);
  const entry = ['header', 'data'];
  expect(line).toEqual([
    ...['4', '0r', '2', '1', ...entry],
    ...['0rc', '0', '1', ...entry],
    ...['0re', '0', '1', ...entry],
    ...['0r', '2', '2', ...entry, ...entry],
  ]);
});
