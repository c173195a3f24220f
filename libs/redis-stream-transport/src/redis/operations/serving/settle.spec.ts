import { Keys } from '../../../protocol/keys.js';
import type { Link } from '../../link.js';
import { settle, settleScript } from './settle.js';

// The line is written without the names, because it is written for every turn. Here they meet.

it('gives the settle script its keys and arguments in the order of their names', async () => {
  const keys = new Keys('p', 0, 1);
  let line: readonly string[] = [];
  const link = {
    command: async (_: string, args: readonly string[]) => {
      line = args;
      return 'ok 2';
    },
  } as unknown as Link;
  const settlement = {
    logs: [
      { caller: 'one', frame: 'f1', ttlMs: 1, force: false },
      { caller: 'two', frame: 'f2', ttlMs: 2, force: true },
    ],
    results: [
      { pattern: 'p', key: 'k', name: '1-1', digest: 'd', result: '[]' },
      { pattern: 'p', key: 'l', name: '5-1#1', digest: 'e', result: undefined },
    ],
    streams: [
      {
        stream: 's',
        keep: ['1-1'],
        drop: ['2-1', '3-1'],
        noted: ['1-1'],
        started: ['2-1'],
        lettered: ['3-1'],
        packs: [{ note: '5-1', letters: 'x.x' }],
      },
      { stream: 't', keep: ['4-1'], drop: [], noted: [], started: [] },
      { stream: 'u', keep: [], drop: ['6-1'], noted: ['6-1'], started: [] },
    ],
  };
  const owner = { consumer: 'me', token: 'token' };
  const answer = await settle({ link, keys, group: 'service' }, owner, settlement);
  expect(answer).toEqual({ kind: 'ok', logs: [1] });

  const [sha, count, ...rest] = line;
  expect([sha, count]).toEqual([settleScript.sha, '15']);
  const named = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, i) => [name, rest[from + i]]));
  expect(named(settleScript.keys, 0)).toEqual({ lease: keys.lease('me') });
  expect(rest.slice(1, 15)).toEqual([
    ...[keys.log('one'), keys.log('two')],
    ...['k', 'l'].map((key) => keys.idempotency('service', 'p', key)),
    ...[keys.stream('u'), keys.stream('s'), keys.stream('t')],
    ...[keys.part('s'), keys.due('s'), keys.started('s')],
    ...[keys.due('s'), keys.started('s'), keys.part('s'), keys.due('u')],
  ]);
  expect(named(settleScript.args, 15)).toEqual({
    ...{
      token: 'token',
      group: 'service',
      logs: '2',
      results: '2',
      streams: '3',
      notes: '4',
      lone: '1',
    },
  });
  expect(rest.slice(15 + settleScript.args.length)).toEqual([
    ...['f1', '1', '0'],
    ...['f2', '2', '1'],
    ...['1-1', '=d []'],
    ...['5-1#1', '-'],
    '6-1',
    ...['1', '2', '1', '1-1', '2-1', '3-1', '5-1', 'x.x'],
    ...['1', '0', '0', '4-1'],
    ...['1', 'service 1-1'],
    ...['2', 'service 2-1', 'service 3-1'],
    ...['1', '3-1'],
    ...['1', 'service 6-1'],
  ]);
});
