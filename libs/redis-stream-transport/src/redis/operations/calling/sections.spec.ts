import { Keys } from '../../../protocol/keys.js';
import { isLone, pushKeys, pushSections, type BatchSection } from './sections.js';

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
    ...['0rcn', '0', '1', ...entry],
    ...['0ren', '0', '1', ...entry],
    ...['0r', '2', '2', ...entry, ...entry],
  ]);
});

const several = (entries: string[][], changes: Partial<BatchSection> = {}): string[] => {
  const line: string[] = [];
  pushSections(line, [{ ...lone, hasExtraFields: false, entries, ...changes }]);
  return line;
};

it('writes the header once that all entries of a section have', () => {
  const events = ['1', '2', '3'].map((data) => ['1 json - - 0', data]);
  expect(several(events)).toEqual(['1', '0r', '5', '3', '1 json - - 0', '1', '2', '3']);
  const section = { mode: 2, measures: true, asks: true, ofClass } as const;
  expect(several(events, section).slice(1, 5)).toEqual(['2pcn', '5', '3', '1 json - - 0']);
});

it.each<[string, string[][], Partial<BatchSection>]>([
  ['differ from the first', ['a', 'b'].map((header) => [header, 'x']), {}],
  ['differ in the last alone', ['a', 'a', 'b'].map((header) => [header, 'x']), {}],
  ['stand alone', [['a', 'x']], { measures: true }],
])('writes each header where they %s', (_what, entries, changes) => {
  const line = several(entries, changes);
  expect(line.slice(2)).toEqual(['0', String(entries.length), ...entries.flat()]);
});

it('writes whole field lists, which all begin with the name of their first field', () => {
  const entries = ['1', '2'].map((data) => ['c', '1 json - - 0', 'd', data, 'h', '{}']);
  const line = several(entries, { hasExtraFields: true });
  expect(line.slice(2)).toEqual(['1', '2', ...entries.flatMap((fields) => ['6', ...fields])]);
});

it.each<[string, Partial<BatchSection>, string[]]>([
  ['a lone entry', {}, ['s:s']],
  ['what is measured', { measures: true }, ['s:s', 'live:s']],
  ['what is measured in a lane', { measures: true, pattern: 'p' }, ['s:s', 'live:p']],
  ['a class', { ofClass }, ['s:s', 'live:s', 's:s|1']],
  [
    'an entry that is due later',
    { measures: true, schedule: { messageId: 'm' } },
    ['later:s', 'when:s', 's:s', 'sent:1:s:m'],
  ],
  [
    'one of a class that is due later',
    { ofClass, schedule: { messageId: undefined } },
    [...['later:s', 'when:s', 's:s', 'sent:1:s:', 'live:s'], ...['later:s|1', 'when:s|1', 's:s|1']],
  ],
])('the keys of %s', (_what, changes, keys) => {
  const line: string[] = [];
  pushKeys(line, new Keys('nrs', 0, 1), { ...lone, ...changes });
  expect(line).toEqual(keys.map((key) => `{nrs}:${key}`));
});
