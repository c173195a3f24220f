import { CommandFailure } from '../failure.js';
import type { Link } from '../link.js';
import { defineScript, run } from './script.js';

/** A link that answers with what `answers` says, and keeps what was asked. */
function listening(answer: (name: string) => unknown = () => 'OK') {
  const asked: (readonly string[])[] = [];
  const link = {
    command: async (name: string, args: readonly string[]) => {
      asked.push([name, ...args]);
      return answer(name);
    },
  } as unknown as Link;
  return { link, asked };
}

const plain = defineScript({
  name: 'plain',
  keys: ['lease', 'stream'],
  args: ['token', 'take', '...ids'],
  lua: 'return 1',
});

const perCall = defineScript({
  name: 'per-call',
  keys: ['log'],
  args: ['life'],
  each: { name: 'calls', keys: ['stream', 'live'], args: ['entry'] },
  flags: 'allow-oom',
  lua: 'return 2',
});

describe('a script', () => {
  it('begins with locals for what it is given', () => {
    expect(plain.lua.split('\n')).toEqual([
      'local lease, stream = KEYS[1], KEYS[2]',
      'local token, take = ARGV[1], ARGV[2]',
      'local ids = {}',
      'for i = 3, #ARGV do ids[i - 2] = ARGV[i] end',
      'return 1',
    ]);
  });

  it('has a table for each of a list', () => {
    expect(perCall.lua.split('\n')).toEqual([
      '#!lua flags=allow-oom',
      'local log = KEYS[1]',
      'local life = ARGV[1]',
      'local calls = {}',
      'for i = 1, (#KEYS - 1) / 2 do calls[i] = { stream = KEYS[2 + 2 * (i - 1)], live = KEYS[3 + 2 * (i - 1)], entry = ARGV[2 + 1 * (i - 1)] } end',
      'return 2',
    ]);
  });

  it('is given keys and arguments in the order of their names', async () => {
    const { link, asked } = listening();
    const ids = ['1-1', '2-1'];
    await run(link, plain, { ids, take: true, token: 't', stream: 's', lease: 'l' });
    expect(asked).toEqual([
      ['evalsha', plain.sha, '2', ...['l', 's'], ...['t', '1', '1-1', '2-1']],
    ]);
  });

  it('is given those of a list behind the others', async () => {
    const { link, asked } = listening();
    const calls = [
      { stream: 's1', live: 'l1', entry: '1-1' },
      { stream: 's2', live: 'l2', entry: '2-1' },
    ];
    await run(link, perCall, { log: 'r', life: 7, calls });
    expect(asked).toEqual([
      ['evalsha', perCall.sha, '5', ...['r', 's1', 'l1', 's2', 'l2'], ...['7', '1-1', '2-1']],
    ]);
  });

  it('goes by its text where Redis has forgotten it, and only then', async () => {
    let reply = 'NOSCRIPT';
    const { link, asked } = listening((name) => {
      if (name === 'evalsha') throw new CommandFailure('refused', reply, 'no');
      return 'done';
    });
    const given = { lease: 'l', stream: 's', token: 't', take: false, ids: [] };
    expect(await run(link, plain, given)).toBe('done');
    expect(asked[1]).toEqual(['eval', plain.lua, '2', 'l', 's', 't', '0']);
    reply = 'OOM';
    await expect(run(link, plain, given)).rejects.toThrow('no');
    expect(asked).toHaveLength(3);
  });
});
