import { frame } from '../../libs/redis-stream-transport/src/cli/top/frame.js';
import type { Looks } from '../../libs/redis-stream-transport/src/cli/top/sections.js';
import { View, type PressedKey } from '../../libs/redis-stream-transport/src/cli/top/view.js';
import { range } from '../support/tally.js';
import { look } from './looks.js';

const PRICE = { unread: 4, pending: 2, oldestFor: 2500, given: 1000 };

/** Ten seconds in which 100 orders were priced, of which ten failed, and nothing else happened. */
function looks(): Looks {
  const paid = { added: 5, groups: [{ group: 'mail' }] };
  const first = look(0, { 'orders.price': { added: 1004, groups: [PRICE] }, 'orders.paid': paid }, [
    ['orders.price', 2, 0, 998, 0, 0, 0, 0, 0, [[40, 998]]],
  ]);
  const now = look(
    10,
    {
      'orders.price': { added: 1104, groups: [{ ...PRICE, given: 1100 }] },
      'orders.paid': paid,
      'orders.lost': { added: 7, groups: [] },
    },
    [
      [
        'orders.price',
        2,
        0,
        1088,
        0,
        9,
        0,
        3,
        1,
        [
          [40, 998],
          [63, 100],
        ],
      ],
      ['in.lane', 0, 0, 5, 0, 0, 0, 0, 0, [[63, 5]]],
    ],
  );
  return { now, before: first, since: first };
}

const seen = (view: View, size = { columns: 130, rows: 24 }, given = looks()): string[] =>
  frame({ looks: given, view, interval: 2000, trouble: '' }, size).map(({ text }) => text);

const pressing = (...keys: (PressedKey | string)[]): View => {
  const view = new View({ sort: 'oldest' }, undefined);
  for (const key of keys) view.press(typeof key === 'string' ? { sequence: key } : key, 10);
  return view;
};

const names = (view: View): string[] =>
  seen(view)
    .map((line) => /^(\w+\.\w+) /.exec(line)?.[1])
    .filter((name) => name !== undefined);

describe('a frame of top', () => {
  it('shows rates, backlog, times, errors, instances and callers', () => {
    expect(seen(pressing())).toEqual([
      '12:00:10 UTC, every 2.0 s; sort oldest; times and errors of 10 s',
      'Redis 7.2.5 on port 6379: 2.0 MiB, 10 of 10000 connections',
      '',
      'pattern       service   in/s  out/s  unread  pending  retries  oldest     p50     p99  errors  retried  dead  inst.',
      'orders.price  orders      10     10       4        2        0   2.5 s  107 ms  107 ms  10 10%        3     1      1',
      'in.lane       orders       -      -       0        0        0       -  107 ms  107 ms       0        0     0      -',
      'orders.lost   (nobody)     -      -       7        0        0       -       -       -       -        -     -      0',
      'orders.paid   mail         0      0       0        0        0       -       -       -       -        -     -      1',
      '',
      'service  dead  instance    runs  waits  lease  version',
      'orders      2  web-1-4711     3      1  9.0 s  0.1.0',
      '',
      'caller  process  connections',
      'shop    web-2-1            2',
      ...range(9).map(() => ''),
      'q quit  s sort  r reverse  / filter  1 2 3 sections  space hold  ? help',
    ]);
  });

  it('shows the dead letters of a service once, not with each of its instances', () => {
    const { now } = looks();
    const [service] = now.overview.services;
    const [one] = service!.instances;
    const instances = [one!, { ...one!, name: 'web-3-1' }];
    const overview = { ...now.overview, services: [{ ...service!, instances }] };
    const lines = seen(pressing(), undefined, { now: { ...now, overview } });
    expect(lines.filter((line) => /^orders +.*web-/.test(line))).toEqual([
      'orders      2  web-1-4711     3      1  9.0 s  0.1.0',
      'orders         web-3-1        3      1  9.0 s  0.1.0',
    ]);
  });

  it.each([40, 60, 80, 100])('fits %i columns, and leaves out what matters least', (columns) => {
    const lines = seen(pressing(), { columns, rows: 24 });
    const tables = lines.slice(2, 14);
    expect(Math.max(...tables.map((line) => line.length))).toBeLessThanOrEqual(
      Math.max(columns, 70),
    );
    for (const name of ['unread', 'pending', 'oldest', 'p99', 'errors']) {
      expect(lines.join('\n')).toContain(name);
    }
  });

  it.each([3, 8, 10, 16, 24])(
    'has as many lines as a screen of %i, however much there is',
    (rows) => {
      const many = Object.fromEntries(
        range(500).map((i) => [`p.${i}`, { added: i, groups: [{}] }]),
      );
      const given = { now: look(0, many) };
      for (const view of [pressing(), pressing({ name: 'end' }), pressing('?')]) {
        expect(seen(view, { columns: 80, rows }, given)).toHaveLength(rows);
      }
      const scrolled = seen(pressing({ name: 'pagedown' }), { columns: 80, rows: 24 }, given);
      expect(scrolled.join('\n')).toMatch(/^p\.10\d? /m);
      expect(scrolled.at(-1)).toMatch(/^\d+ more below {2}q quit/);
    },
  );

  it('sorts, filters and turns as keys say', () => {
    expect(names(pressing())).toEqual(['orders.price', 'in.lane', 'orders.lost', 'orders.paid']);
    expect(names(pressing('s'))).toEqual(['orders.lost', 'orders.price', 'in.lane', 'orders.paid']);
    expect(names(pressing('s', 'r')).at(-1)).toBe('orders.lost');
    expect(names(pressing('S'))).toEqual(['in.lane', 'orders.lost', 'orders.paid', 'orders.price']);
    const filtered = pressing('/', 'P', 'A', 'I', 'X', { name: 'backspace' }, 'D');
    expect(names(filtered)).toEqual(['orders.paid']);
    expect(seen(filtered).at(-1)).toBe('filter: PAID_');
    filtered.press({ name: 'return' }, 10);
    expect(seen(filtered)[0]).toContain('filter "PAID"');
    filtered.press({ name: 'escape' }, 10);
    expect(names(filtered)).toHaveLength(4);
    expect(seen(pressing('3'))).toContain('caller  process  connections');
    expect(seen(pressing({ name: 'tab' }))[3]).toMatch(/^service +dead +instance/);
    expect(seen(pressing('?')).join('\n')).toContain('all but one in a hundred');
    expect(seen(pressing(' '))[0]).toContain(', held');
  });

  it('ends with q and ctrl+c only, and not while a filter is typed', () => {
    const pressed = (view: View, key: PressedKey) => view.press(key, 10);
    expect(pressed(pressing(), { sequence: 'q' })).toBe('quit');
    expect(pressed(pressing('/'), { name: 'c', ctrl: true })).toBe('quit');
    expect(pressed(pressing('/'), { sequence: 'q' })).toBeUndefined();
    expect(pressed(pressing(), { sequence: 'x' })).toBeUndefined();
    expect(pressed(pressing(' '), { sequence: ' ' })).toBe('again');
  });
});
