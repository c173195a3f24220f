import { table } from '../../libs/redis-stream-transport/src/cli/table.js';
import { ago, duration, pointInTime } from '../../libs/redis-stream-transport/src/cli/values.js';
import { Screen } from '../../libs/redis-stream-transport/src/cli/screen.js';
import { command, commandAt } from '../contracts/command.js';
import { TestService } from '../support/test-service.js';

const ALL = (await command('help')).out;
const NAMES = [...ALL.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map(([, name]) => name as string);

function written(env: Record<string, string>, columns?: number) {
  let text = '';
  const out = (more: string) => void (text += more);
  new Screen({ env, columns, out, err: out }).line('a\u001b[31mb', 'red');
  return text;
}

describe('help', () => {
  it.each(NAMES)('of %s has examples and exit codes, and fits 100 columns', async (name) => {
    const { code, out } = await commandAt({ columns: 200 }, name, '--help');
    expect(code).toBe(0);
    expect(out).toMatch(/^Examples:\n {2}# .*\n {2}\$ npx nestjs-redis-streams /m);
    expect(out).toMatch(/^Exit codes: 0: .*2: called wrongly\.$/m);
    const own = out.slice(0, out.indexOf('Examples:')).split('\n');
    expect(Math.max(...own.map((line) => line.length))).toBeLessThanOrEqual(100);
  });
});

describe('output', () => {
  it('has colours on a terminal only, and none with NO_COLOR', () => {
    const plain = String.raw`a\u001b[31mb` + '\n';
    expect(written({}, 80)).toBe(`\u001b[31m${plain.trimEnd()}\u001b[0m\n`);
    expect(written({})).toBe(plain);
    expect(written({ NO_COLOR: '1' }, 80)).toBe(plain);
    expect(written({ TERM: 'dumb' }, 80)).toBe(plain);
  });

  it('is one document with --json', async () => {
    const service = new TestService();
    const client = await service.connected();
    await client.tell('unheard');
    const answer = await command('drained', '--prefix', service.prefix, '--json');
    expect(answer.code).toBe(1);
    expect(JSON.parse(answer.out)).toMatchObject({
      drained: false,
      left: ['unheard: entries that nobody reads: 1'],
      streams: [{ stream: 'unheard' }],
    });
  });

  it('shows control characters of names, and JSON says the same', async () => {
    const service = new TestService();
    const client = await service.connected();
    const name = 'evil\u001b[2J\u202e\u0085name';
    await client.tell(name);
    const args = ['drained', '--prefix', service.prefix];
    const { out } = await command(...args);
    expect(out).toBe(
      String.raw`evil\u001b[2J\u202e\u0085name: entries that nobody reads: 1` + '\n',
    );
    const json = (await command(...args, '--json')).out;
    for (const invisible of ['\u001b', '\u0085', '\u202e']) expect(json).not.toContain(invisible);
    expect(JSON.parse(json)).toMatchObject({ streams: [{ stream: name }] });
  });
});

describe('a table', () => {
  const columns = [
    { name: 'pattern', cut: true },
    { name: 'group', cut: true },
    { name: 'lag', right: true },
  ];

  it('is as wide as what it holds', () => {
    expect(table(columns, [['orders.place', 'orders', '12']], 80)).toEqual([
      'pattern       group   lag',
      'orders.place  orders   12',
    ]);
  });

  it('cuts the longest columns until a line fits', () => {
    const lines = table(columns, [['p'.repeat(100), 'g'.repeat(40), '12']], 60);
    expect(lines.map((line) => line.length)).toEqual([60, 60]);
    expect(lines[1]).toMatch(/^p+… {2}g+… {3}12$/);
  });

  it('counts characters that are made visible', () => {
    const [, line] = table(columns, [['a\nb', 'g', '1']], 80);
    expect(line).toBe(String.raw`a\u000ab  g        1`);
  });
});

describe('times', () => {
  it('are given as durations, or as points in time', () => {
    expect(['500ms', '30s', '15m', '2h', '7d'].map(duration)).toEqual([
      500, 30_000, 900_000, 7_200_000, 604_800_000,
    ]);
    expect(pointInTime('2026-01-31T12:00:00Z')).toBe(Date.UTC(2026, 0, 31, 12));
    expect(Math.abs(Date.now() - 7_200_000 - pointInTime('2h'))).toBeLessThan(5000);
    for (const wrong of ['soon', '2', '12:00', '2y', '-1h']) {
      expect(() => pointInTime(wrong)).toThrow('It is');
    }
  });

  it('are told in the unit that people would take', () => {
    expect([undefined, 12, 1500, 61_000, 600_000, 7_200_000, 259_200_000].map(ago)).toEqual([
      '-',
      '12 ms',
      '1.5 s',
      '61 s',
      '10 min',
      '2 h',
      '3 d',
    ]);
  });
});
