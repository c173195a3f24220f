import type { RedisStreamsServerOptions } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { command, commandAt } from '../contracts/command.js';
import type { Handlers } from '../support/handlers.js';
import { TestService } from '../support/test-service.js';

const HOUR = 3_600_000;

/** Events and a call that are due later, in several shards, one pattern in a lane; nobody serves them. */
async function waiting(shards = 3) {
  const service = new TestService();
  const lanes = { lane: ['orders.late', 'orders.later'] };
  const client = await service.connected({ shards, lanes });
  const headers = { 'x-request': 'r1' };
  await client.tell('orders.paid', { id: 'a1' }, { delay: HOUR, messageId: 'a1', headers });
  await client.tell('orders.paid', { id: 'a2' }, { delay: 2 * HOUR, messageId: 'a2' });
  await client.tell('orders.late', { id: 'a1' }, { delay: 3 * HOUR, messageId: 'b1' });
  await client.tell('orders.later', 7, { delay: 4 * HOUR });
  let call = '';
  const onStored = ({ id }: { readonly id: string }): void => void (call = id);
  const failed = client.failure('orders.price', 1, { delay: 5 * HOUR, headers, onStored });
  void failed.catch(() => undefined);
  await eventually(() => expect(call).not.toBe(''));
  const run = (...args: string[]) => command(...args, '--prefix', service.prefix);
  const scheduled = (...args: string[]) => run('scheduled', ...args);
  const lines = async (...args: string[]): Promise<Record<string, unknown>[]> =>
    (await scheduled('list', '--json', ...args)).out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ids = async (...args: string[]) => (await lines(...args)).map((one) => one['id']);
  const serve = (handlers: Handlers, options: RedisStreamsServerOptions = {}) =>
    service.serve(handlers, { shards, lanes, ...options });
  return { service, client, call, run, scheduled, lines, ids, serve };
}

/** Makes what is due later due at once, by Redis' clock. */
async function pass({ redis, keys }: TestService, stream: string, ago = 60_000): Promise<void> {
  const [seconds = 0] = (await redis.time()).map(Number);
  for (const id of await redis.zrange(keys.when(stream), '0', '-1'))
    await redis.zadd(keys.when(stream), seconds * 1000 - ago, id);
}

describe('scheduled list', () => {
  it('has what is due first first, of all shards and lanes, or what fits', async () => {
    const { call, scheduled, lines, ids } = await waiting();
    const all = await lines();
    expect(all.map(({ pattern, kind, id }) => [pattern, kind, id])).toEqual([
      ['orders.paid', 'event', 'a1'],
      ['orders.paid', 'event', 'a2'],
      ['orders.late', 'event', 'b1'],
      ['orders.later', 'event', expect.stringMatching(/^[\w-]{22}$/)],
      ['orders.price', 'call', call],
    ]);
    expect(all[0]).toMatchObject({ headers: { 'x-request': 'r1' }, data: { id: 'a1' } });
    expect(all[2]).toMatchObject({ stream: 'lane', data: { id: 'a1' } });
    expect(await ids('--pattern', 'orders.late')).toEqual(['b1']);
    expect(await ids('--before', '90m')).toEqual(['a1']);
    expect(await ids('--after', '90m', '--before', '150m')).toEqual(['a2']);
    expect(await ids('--overdue')).toEqual([]);
    const { out, err, code } = await scheduled('list', '--limit', '2');
    expect([code, err]).toEqual([0, 'nestjs-redis-streams: there are more (--limit 2)\n']);
    expect(out).toMatch(
      /^due \(UTC\) +in +pattern +kind +id\n.* orders\.paid +event +a1\n.* a2\n$/,
    );
    expect((await scheduled('list', '--pattern', 'x')).out).toBe(
      'nothing that fits is due later\n',
    );
  });

  it('has all that is due in one millisecond, and what others have written', async () => {
    const service = new TestService();
    const { redis, keys } = service;
    const names = Array.from({ length: 1203 }, (_, i) => `id-${i}`);
    await redis.hset(
      keys.later('a'),
      ...names.flatMap((id) => [id, '["c","1 json - - 0","d","1"]']),
    );
    await redis.zadd(keys.when('a'), ...names.flatMap((id) => [4e12, id]));
    await redis.hset(keys.later('b'), 'x', '["c",7');
    await redis.zadd(keys.when('b'), 5e12, 'x', 6e12, 'not there');
    const said = await command(
      'scheduled',
      'list',
      '--json',
      '--limit',
      '5000',
      '--prefix',
      service.prefix,
    );
    const all = said.out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string });
    expect(new Set(all.map(({ id }) => id))).toEqual(new Set([...names, 'x']));
    expect(all).toHaveLength(names.length + 1);
    expect(all.at(-1)).toMatchObject({ id: 'x', kind: 'unreadable', text: '["c",7' });
  });
});

it('scheduled show shows data and headers, also of ids in lanes and of calls', async () => {
  const { call, scheduled } = await waiting();
  const { out } = await scheduled('show', 'a1');
  expect(out).toMatch(
    /^kind +event\npattern +orders\.paid\ndue +.* UTC\nheader +x-request=r1\ndata:\n{\n/m,
  );
  expect((await scheduled('show', 'b1')).out).toMatch(/^pattern +orders\.late\nstream +lane$/m);
  expect((await scheduled('show', call)).out).toMatch(/^kind +call$/m);
  expect(await scheduled('show', 'c1')).toMatchObject({
    ...{ code: 1, err: expect.stringContaining('nothing that is due later has the id c1') },
  });
});

describe('scheduled cancel', () => {
  it('takes back one by its id, which then does not run and may come again', async () => {
    const { service, client, scheduled, ids } = await waiting();
    expect(await scheduled('cancel', 'b1')).toMatchObject({ code: 0, out: 'taken back: 1\n' });
    expect(await ids('--pattern', 'orders.late')).toEqual([]);
    expect(await scheduled('cancel', 'b1')).toMatchObject({ code: 1 });
    await client.tell('orders.late', 2, { messageId: 'b1', delay: HOUR });
    expect(await ids('--pattern', 'orders.late')).toEqual(['b1']);
    expect(service.prefix).not.toBe('');
  });

  it('asks before many, changes nothing in a dry run, and then takes back all that fit', async () => {
    const { service, scheduled, ids } = await waiting();
    const args = ['scheduled', 'cancel', '--pattern', 'orders.paid', '--prefix', service.prefix];
    const dry = await command(...args, '--dry-run');
    expect(dry.out).toMatch(/^2 would be taken back:\n.* orders\.paid a1\n.* orders\.paid a2\n$/);
    expect(await command(...args)).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('2 entries will be taken back. Say --yes') },
    });
    expect(await commandAt({ ask: async () => 'n' }, ...args)).toMatchObject({ code: 1 });
    expect(await ids()).toHaveLength(5);
    expect(await commandAt({ ask: async () => 'y' }, ...args, '--json')).toMatchObject({
      ...{ code: 0, out: '{\n  "cancelled": 2,\n  "gone": 0\n}\n' },
    });
    expect(await ids()).toHaveLength(3);
    expect(await scheduled('cancel', '--all', '--yes')).toMatchObject({ out: 'taken back: 3\n' });
    expect(await ids()).toEqual([]);
  });

  it('wants to be told which', async () => {
    const { scheduled } = await waiting(1);
    expect(await scheduled('cancel', '--yes')).toMatchObject({
      ...{ code: 2, err: expect.stringContaining('say which') },
    });
  });
});

describe('explain', () => {
  it('finds a call, an event and all of a request that is due later', async () => {
    const { service, call, run } = await waiting();
    const trace = await run('explain', call);
    expect(trace).toMatchObject({ code: 0 });
    expect(trace.out).toMatch(/orders\.price: due then, and not before\n +scheduled cancel /);
    expect(trace.out).not.toContain('No entry and no dead letter');
    expect((await run('explain', 'a1')).out).toMatch(
      /^message a1\n.* orders\.paid: due then.*\n.*\n.* until then another event of orders\.paid/,
    );
    expect((await run('explain', 'b1')).out).toContain('orders.late in the lane lane: due then');
    const { out } = await run('explain', '--header', 'x-request=r1');
    expect(out).toContain(`call ${call}`);
    expect(out).toMatch(/^events\n.* orders\.paid: due then/m);
    expect(await run('explain', 'c1')).toMatchObject({ code: 1 });
    expect(service.prefix).not.toBe('');
  });

  it('says that a message was stored, after it was due', async () => {
    const { service, run, serve } = await waiting(1);
    await serve({ events: { 'orders.paid': () => undefined } });
    await pass(service, 'orders.paid');
    await serve({ events: { 'orders.paid': () => undefined } });
    const added = 'it was stored, and added to its stream';
    await eventually(async () => expect((await run('explain', 'a1')).out).toContain(added));
  });
});

describe('what is due and in no stream', () => {
  it('is named by doctor, top and stats, as far as it is known why', async () => {
    const { service, run, ids, serve } = await waiting(1);
    expect((await run('doctor')).out).not.toContain('OVERDUE');
    await pass(service, 'orders.paid');
    expect(await ids('--overdue')).toEqual(['a1', 'a2']);
    expect((await run('doctor')).out).toMatch(
      /^error OVERDUE: orders\.paid\n[^]*no instance lives that adds it/m,
    );
    const top = (await run('top', '--once')).out;
    expect(top).toMatch(
      /^due later: 5 entries in 3 streams; orders\.paid has been due for \d+ s$/m,
    );
    await serve({ events: { 'orders.other': () => undefined } });
    expect((await run('stats')).out).toMatch(
      /^due later: 2 of orders\.paid, the first overdue for/m,
    );
    expect((await run('drained')).err + (await run('drained')).out).toContain(
      'orders.paid: entries that are due later: 2',
    );
  });

  it('is named where its keys or its stream are of another type, although an instance lives', async () => {
    const { service, run, serve } = await waiting(1);
    const { redis, keys } = service;
    await serve({ events: { 'orders.paid': () => undefined } });
    await redis.del(keys.stream('orders.paid'));
    await redis.set(keys.stream('orders.paid'), 'text');
    await redis.set(keys.when('x'), 'text');
    await redis.set(keys.later('x'), 'text');
    const { out } = await run('doctor');
    for (const key of [keys.stream('orders.paid'), keys.when('x'), keys.later('x')])
      expect(out).toContain(`error WRONG_TYPE: ${key}`);
  });
});
