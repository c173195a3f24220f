import { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../link.js';
import { enqueue, enqueueScript, MAX_BATCH_AGE } from './enqueue.js';

// The line is written without the names, because it is written for every turn. Here they meet.

it('gives the enqueue script its keys and arguments in the order of their names', async () => {
  const keys = new Keys('p', 0, 1);
  let line: readonly string[] = [];
  const link = {
    command: async (_: string, args: readonly string[]) => {
      line = args;
      return 'stale 1';
    },
  } as unknown as Link;
  const lone = { mode: 0, measures: false, hasExtraFields: false } as const;
  const list = { ...lone, hasExtraFields: true } as const;
  const batch = {
    ...{ epoch: 11, number: 12, version: 13, incarnation: 'memory', stamp: 14.7, trim: '15-0' },
    sections: [
      { stream: 's', pattern: 'p', mode: 1, hasExtraFields: false, entries: [['header', 'data']] },
      { stream: 'u', pattern: 'u', ...lone, entries: [['first', '1']] },
      { stream: 'v', pattern: 'v', ...lone, entries: [['second', '2']] },
      { stream: 'w', pattern: 'w', ...list, entries: [['c', 'x', 'd', '2', 'h', '{}']] },
      { stream: 'l', pattern: 'y', ...list, entries: [['c', 'x', 'd', '3', 'p', 'y']] },
      { stream: 't', pattern: 'q', mode: 0, hasExtraFields: true, entries: [['c', 'h', 'd', '1']] },
      {
        ...lone,
        stream: 'e',
        pattern: 'e',
        entries: [
          ['same', '1'],
          ['same', '2'],
        ],
      },
    ] as const,
  };
  await enqueue({ link, keys, recordKey: 'record', logKey: 'log' }, batch, 16);

  const [sha, count, ...rest] = line;
  expect([sha, count]).toEqual([enqueueScript.sha, '13']);
  const named = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, i) => [name, rest[from + i]]));
  expect(named(enqueueScript.keys, 0)).toEqual({
    ...{ record: 'record', incarnation: keys.incarnation(), log: 'log' },
  });
  expect(rest.slice(3, 13)).toEqual([
    ...[keys.stream('s'), keys.live('p')],
    ...[keys.stream('u'), keys.stream('v')],
    ...[keys.stream('w'), keys.stream('l')],
    ...[keys.stream('t'), keys.live('q')],
    ...[keys.stream('e'), keys.live('e')],
  ]);
  expect(named(enqueueScript.args, 13)).toEqual({
    ...{ epoch: '11', number: '12', version: '13', meant: 'memory', stamp: '14' },
    ...{ maxAge: String(MAX_BATCH_AGE), life: '600000', cap: '16', trim: '15-0', sections: '5' },
  });
  expect(rest.slice(13 + enqueueScript.args.length)).toEqual([
    ...['1', '0', '1', 'header', 'data'],
    ...['0r', '2', '2', 'first', '1', 'second', '2'],
    ...['0r', '3', '2', '6', 'c', 'x', 'd', '2', 'h', '{}', '6', 'c', 'x', 'd', '3', 'p', 'y'],
    ...['0', '1', '1', '4', 'c', 'h', 'd', '1'],
    ...['0r', '5', '2', 'same', '1', '2'],
  ]);
});
