import { StartBroker } from '../../../libs/redis-stream-transport/src/redis/start-broker.js';
import { Bench, callerId, eventLine, requestLine } from '../../support/brokers.js';

const WEEK = 604_800_000;
const limits = (changes: object = {}) => ({
  groupTtl: WEEK,
  count: undefined,
  age: undefined,
  page: 1000,
  ...changes,
});

/** A stream of `count` events of which this group has handled `handled`. */
async function stream(count: number, handled: number) {
  const bench = await Bench.open();
  const broker = bench.group();
  await broker.ensureGroup('a', 'e', false);
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await bench.add('a'));
  await handle(bench, 'service', handled);
  return { bench, broker, ids };
}

async function handle(bench: Bench, group: string, count: number): Promise<void> {
  if (count === 0) return;
  const ids = await bench.hand('a', 'me', count, group);
  await bench.redis.xack(bench.keys.stream('a'), group, ...ids);
}

describe('the janitor script', () => {
  it('removes what every group has handled', async () => {
    const { bench, broker, ids } = await stream(5, 3);
    expect(await broker.clean('a', 'e', limits())).toEqual({
      removed: 3,
      next: undefined,
      idle: [],
    });
    expect(await bench.ids('a')).toEqual(ids.slice(3));
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
  });

  it('never passes what another live group has pending or was not given', async () => {
    const { bench, broker, ids } = await stream(0, 0);
    await bench.group('slow').ensureGroup('a', 'e', false);
    for (let i = 0; i < 5; i++) ids.push(await bench.add('a'));
    await handle(bench, 'service', 5);
    await handle(bench, 'slow', 1);
    await broker.clean('a', 'e', limits());
    expect(await bench.ids('a')).toEqual(ids.slice(1));
    const [pending] = await bench.hand('a', 'me', 1, 'slow');
    await handle(bench, 'slow', 3);
    await broker.clean('a', 'e', limits());
    expect(await bench.ids('a')).toEqual(ids.slice(1));
    await bench.redis.xack(bench.keys.stream('a'), 'slow', pending!);
    await broker.clean('a', 'e', limits());
    expect(await bench.ids('a')).toEqual([]);
  });

  it('never passes what this group has pending itself', async () => {
    const { bench, broker, ids } = await stream(4, 1);
    await bench.hand('a', 'me', 1);
    await handle(bench, 'service', 2);
    await broker.clean('a', 'e', limits());
    expect(await bench.ids('a')).toEqual(ids.slice(1));
  });

  it('keeps requests that have not expired, and removes those that have', async () => {
    const { bench, broker } = await stream(0, 0);
    const expired = await bench.add('a', requestLine(callerId(), '1', 1));
    const live = await bench.add('a', requestLine(callerId(), '2'));
    const endless = await bench.add('a', requestLine(callerId(), '3', 0));
    const event = await bench.add('a');
    await handle(bench, 'service', 4);
    await vi.waitFor(async () => {
      await broker.clean('a', 'r', limits());
      expect(await bench.ids('a')).toEqual([live, endless]);
    });
    expect([expired, event]).toHaveLength(2);
  });

  it('cleans behind a group that stands at the last id of a millisecond', async () => {
    const { bench, broker, ids } = await stream(2, 0);
    await bench.redis.xgroup('SETID', bench.keys.stream('a'), 'service', '7-18446744073709551615');
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
    expect(await bench.ids('a')).toEqual(ids);
  });

  it('forgets with an expired request that it was started', async () => {
    const { bench, broker } = await stream(0, 0);
    const id = await bench.add('a', requestLine(callerId(), '1', 1));
    const live = await bench.add('a', requestLine(callerId(), '2'));
    await handle(bench, 'service', 2);
    const started = bench.keys.started('a');
    await bench.redis.hset(started, `service ${id}`, 'me', `service ${live}`, 'me');
    await vi.waitFor(async () => {
      await broker.clean('a', 'r', limits());
      expect(await bench.redis.hkeys(started)).toEqual([`service ${live}`]);
    });
  });

  it('removes what it cannot read, once everybody has handled it', async () => {
    const { bench, broker } = await stream(0, 0);
    await bench.redis.xadd(bench.keys.stream('a'), '*', 'x', 'y');
    await bench.add('a', 'rubbish');
    await handle(bench, 'service', 2);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 2 });
  });

  it('keeps as many handled events as it is told', async () => {
    const { bench, broker, ids } = await stream(6, 5);
    await broker.clean('a', 'e', limits({ count: 2 }));
    expect(await bench.ids('a')).toEqual(ids.slice(3));
    await broker.clean('a', 'e', limits({ count: 0 }));
    expect(await bench.ids('a')).toEqual(ids.slice(5));
  });

  it('keeps as many also where the lag is unknown', async () => {
    const { bench, broker, ids } = await stream(7, 0);
    await bench.redis.xdel(bench.keys.stream('a'), ids[6]!);
    await handle(bench, 'service', 4);
    await broker.clean('a', 'e', limits({ count: 1 }));
    expect(await bench.ids('a')).toEqual(ids.slice(3, 6));
  });

  it('keeps handled events as long as it is told', async () => {
    const { bench, broker } = await stream(0, 0);
    const old = `${Date.now() - 60_000}-0`;
    await bench.redis.xadd(bench.keys.stream('a'), old, 'c', eventLine, 'd', '1');
    const young = await bench.add('a');
    await handle(bench, 'service', 2);
    await broker.clean('a', 'e', limits({ age: 30_000 }));
    expect(await bench.ids('a')).toEqual([young]);
  });

  it('works page by page', async () => {
    const { bench, broker, ids } = await stream(5, 5);
    const first = await broker.clean('a', 'e', limits({ page: 2 }));
    expect(first).toMatchObject({ removed: 2, next: { behind: ids[1], stayed: 0 } });
    const second = await broker.clean('a', 'e', limits({ page: 2 }), first.next);
    expect(second).toMatchObject({ removed: 2, next: { behind: ids[3], stayed: 0 } });
    const third = await broker.clean('a', 'e', limits({ page: 2 }), second.next);
    expect(third).toMatchObject({ removed: 1, next: undefined });
    expect(await bench.ids('a')).toEqual([]);
  });

  it('finds handled events behind requests that nobody has and that have not expired', async () => {
    const { bench, broker } = await stream(0, 0);
    const stranded: string[] = [];
    for (let i = 0; i < 5; i++) stranded.push(await bench.add('a', requestLine(callerId())));
    await handle(bench, 'service', 5);
    const handled: string[] = [];
    for (let i = 0; i < 4; i++) handled.push(await bench.add('a'));
    await handle(bench, 'service', 4);
    let cleaned = await broker.clean('a', 'r', limits({ page: 2 }));
    expect(cleaned).toMatchObject({ removed: 0, next: { behind: stranded[1], stayed: 2 } });
    for (let page = 0; page < 10 && cleaned.next !== undefined; page++) {
      cleaned = await broker.clean('a', 'r', limits({ page: 2 }), cleaned.next);
    }
    expect(await bench.ids('a')).toEqual(stranded);

    // What stays among them does not count as kept events.
    const more: string[] = [];
    for (let i = 0; i < 4; i++) more.push(await bench.add('a'));
    await handle(bench, 'service', 4);
    for (let place = cleaned.next, page = 0; page < 10; page++) {
      const { next } = await broker.clean('a', 'r', limits({ page: 2, count: 1 }), place);
      if (next === undefined) break;
      place = next;
    }
    expect(await bench.ids('a')).toEqual([...stranded, more[3]!]);
  });

  it('reports a group without a live instance, and lets it hold nothing back', async () => {
    const { bench, broker } = await stream(0, 0);
    await bench.group('idle').ensureGroup('a', 'e', false);
    const id = await bench.add('a');
    await handle(bench, 'service', 1);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0, idle: [] });
    expect(await bench.ids('a')).toEqual([id]);
    await bench.redis.hset(bench.keys.groups('a'), 'idle', `${Date.now() - 2 * WEEK} e 0-0`);
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 1, idle: ['idle'] });
    expect(await bench.ids('a')).toEqual([]);
  });

  it('lets a group hold back that somebody made by hand', async () => {
    const { bench, broker } = await stream(2, 2);
    await bench.redis.xgroup('CREATE', bench.keys.stream('a'), 'byhand', '0');
    expect(await broker.clean('a', 'e', limits())).toMatchObject({ removed: 0 });
  });

  it('leaves a missing stream and one of a wrong type alone', async () => {
    const { bench, broker } = await stream(0, 0);
    await bench.redis.set(bench.keys.stream('bad'), 'x');
    const nothing = { removed: 0, next: undefined, idle: [] };
    expect(await broker.clean('bad', 'e', limits())).toEqual(nothing);
    expect(await broker.clean('none', 'e', limits())).toEqual(nothing);
  });
});

describe('the sweep script', () => {
  it('removes notes about entries that are pending no longer, and no others', async () => {
    const bench = await Bench.open();
    await bench.group().ensureGroup('a', 'e', false);
    await bench.add('a');
    const [id] = await bench.hand('a', 'me');
    const notes = {
      [`service ${id}`]: '1 1  0',
      'service 1-1': '0 0  1',
      'gone 1-1': '1 1 ',
      x: '',
    };
    await bench.redis.hset(bench.keys.due('a'), notes);
    const starts = new StartBroker(bench.link, bench.keys, () => 'service');
    await starts.sweep('a');
    await starts.sweep('nothing');
    expect(await bench.redis.hkeys(bench.keys.due('a'))).toEqual([`service ${id}`]);
  });
});
