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
    streams: [{ stream: 's', keep: ['1-1'], drop: ['2-1', '3-1'] }],
  };
  const owner = { consumer: 'me', token: 'token' };
  const answer = await settle({ link, keys, group: 'service' }, owner, settlement);
  expect(answer).toEqual({ kind: 'ok', logs: [1] });

  const [sha, count, ...rest] = line;
  expect([sha, count]).toEqual([settleScript.sha, '4']);
  const named = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, i) => [name, rest[from + i]]));
  expect(named(settleScript.keys, 0)).toEqual({ lease: keys.lease('me') });
  expect(rest.slice(1, 4)).toEqual([keys.log('one'), keys.log('two'), keys.stream('s')]);
  expect(named(settleScript.args, 4)).toEqual({
    ...{ token: 'token', group: 'service', logs: '2', streams: '1' },
  });
  expect(rest.slice(4 + settleScript.args.length)).toEqual([
    ...['f1', '1', '0'],
    ...['f2', '2', '1'],
    ...['1', '2', '1-1', '2-1', '3-1'],
  ]);
});
