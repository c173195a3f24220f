import { Bench } from '../../support/brokers.js';

/** What a group made now would be given. */
async function given(bench: Bench, group: string): Promise<string[]> {
  return bench.hand('a', 'reader', 100, group);
}

const incarnation = (bench: Bench) => bench.redis.hget(bench.keys.incarnation(), 'id');

describe('the group script', () => {
  it('makes a stream and a group, and finds them again', async () => {
    const bench = await Bench.open();
    const broker = bench.group();
    expect(await broker.ensureGroup('a', 'e', false)).toEqual({ state: 'new', since: undefined });
    expect(await broker.ensureGroup('a', 'e', false)).toEqual({ state: 'had', since: undefined });
  });

  it.each(['e', 'r'] as const)('begins the first group (%s) at 0', async (kind) => {
    const bench = await Bench.open();
    const id = await bench.add('a');
    await bench.group().ensureGroup('a', kind, false);
    expect(await given(bench, 'service')).toEqual([id]);
  });

  it('begins a further group of events at the end, or at 0 if it asks for history', async () => {
    const bench = await Bench.open();
    await bench.group('first').ensureGroup('a', 'e', false);
    const old = await bench.add('a');
    await bench.group('late').ensureGroup('a', 'e', false);
    await bench.group('historian').ensureGroup('a', 'e', true);
    const fresh = await bench.add('a');
    expect(await given(bench, 'late')).toEqual([fresh]);
    expect(await given(bench, 'historian')).toEqual([old, fresh]);
  });

  it('begins a further group of requests at 0, and tells which events are not for it', async () => {
    const bench = await Bench.open();
    await bench.group('first').ensureGroup('a', 'e', false);
    const old = await bench.add('a');
    const answer = await bench.group().ensureGroup('a', 'r', false);
    expect(answer).toEqual({ state: 'new', since: old });
    expect(await given(bench, 'service')).toEqual([old]);
    // Every instance of the service is told, and it outlives the group.
    expect(await bench.group().ensureGroup('a', 'r', false)).toEqual({ state: 'had', since: old });
    await bench.redis.xgroup('DESTROY', bench.keys.stream('a'), 'service');
    expect(await bench.group().ensureGroup('a', 'r', false)).toEqual({ state: 'lost', since: old });
    expect(await bench.group('historian').ensureGroup('a', 'r', true)).toMatchObject({
      since: undefined,
    });
  });

  it('begins the group of a broadcast at the end, and does not register it', async () => {
    const bench = await Bench.open();
    await bench.add('a');
    await bench.group('service{me}').ensureGroup('a', 'b', true);
    expect(await given(bench, 'service{me}')).toEqual([]);
    expect(await bench.redis.exists(bench.keys.groups('a'))).toBe(0);
  });

  it('makes a lost group anew at 0 when its cursor is unknown, never at the end', async () => {
    const bench = await Bench.open();
    await bench.group('first').ensureGroup('a', 'e', false);
    await bench.group().ensureGroup('a', 'e', false);
    const id = await bench.add('a');
    await bench.redis.xgroup('DESTROY', bench.keys.stream('a'), 'service');
    expect(await bench.group().ensureGroup('a', 'e', false)).toMatchObject({ state: 'lost' });
    expect(await given(bench, 'service')).toEqual([id]);
  });

  it('makes a lost group anew at its cursor', async () => {
    const bench = await Bench.open();
    const broker = bench.group();
    await broker.ensureGroup('a', 'e', false);
    const ids = [await bench.add('a'), await bench.add('a'), await bench.add('a')];
    await bench.hand('a', 'me', 2);
    await bench.redis.xack(bench.keys.stream('a'), 'service', ids[0]!);
    const all = { groupTtl: 1e9, count: 1000, age: undefined, page: 100, trim: 100 };
    await broker.clean('a', 'e', all);
    await bench.redis.xgroup('DESTROY', bench.keys.stream('a'), 'service');
    expect(await broker.ensureGroup('a', 'e', false)).toMatchObject({ state: 'lost' });
    // The second was pending: it is handed out again rather than lost.
    expect(await given(bench, 'service')).toEqual(ids.slice(1));
  });

  it('ignores a cursor of a stream that is younger', async () => {
    const bench = await Bench.open();
    const broker = bench.group();
    await broker.ensureGroup('a', 'e', false);
    await bench.redis.hset(bench.keys.groups('a'), 'service', `${Date.now()} e 99999999999999-0`);
    await bench.redis.del(bench.keys.stream('a'));
    const id = await bench.add('a');
    await broker.ensureGroup('a', 'e', false);
    expect(await given(bench, 'service')).toEqual([id]);
  });

  it('changes the incarnation when it is made on a stream that was there', async () => {
    const bench = await Bench.open();
    const broker = bench.group();
    const { id: before } = await broker.hello();
    await broker.ensureGroup('fresh', 'r', false);
    expect(await incarnation(bench)).toBe(before);
    await bench.add('a');
    await broker.ensureGroup('a', 'r', false);
    expect(await incarnation(bench)).not.toBe(before);
  });

  it('drops the group of a broadcast whose consumer is gone', async () => {
    const bench = await Bench.open();
    const gone = await bench.owner('gone');
    const broadcast = bench.group('service{gone}');
    await broadcast.ensureGroup('a', 'b', false);
    const groups = async () => (await bench.redis.xinfo('GROUPS', bench.keys.stream('a'))) as [];
    await bench.group().dropGroup('a', 'gone', 'service{gone}');
    expect(await groups()).toHaveLength(1);
    await bench.leases().release(gone, []);
    await bench.group().dropGroup('a', 'gone', 'service{gone}');
    expect(await groups()).toEqual([]);
    await broadcast.ensureGroup('a', 'b', false);
    await broadcast.dropGroup('a', 'gone');
    expect(await groups()).toEqual([]);
  });

  it("drops its own, and nobody else's, when the registry cannot be read", async () => {
    const bench = await Bench.open();
    await bench.leases().release(await bench.owner('gone'), []);
    const mine = bench.group('service{me}');
    await mine.ensureGroup('a', 'b', false);
    await bench.group('service{gone}').ensureGroup('a', 'b', false);
    await bench.redis.set(bench.keys.groups('a'), 'x');
    await bench.group().dropGroup('a', 'gone', 'service{gone}');
    await mine.dropGroup('a', 'me');
    const groups = (await bench.redis.xinfo('GROUPS', bench.keys.stream('a'))) as string[][];
    expect(groups.map((group) => group[1])).toEqual(['service{gone}']);
  });

  it('never drops a group that is registered: it is a service, whatever it is called', async () => {
    const bench = await Bench.open();
    await bench.leases().release(await bench.owner('gone'), []);
    const service = bench.group('service~gone');
    await service.ensureGroup('a', 'e', false);
    await bench.group().dropGroup('a', 'gone', 'service~gone');
    expect(await service.ensureGroup('a', 'e', false)).toMatchObject({ state: 'had' });
  });

  it('keeps what is noted of one group apart from a group of a similar name', async () => {
    const bench = await Bench.open();
    await bench.group('first').ensureGroup('a', 'e', false);
    const old = await bench.add('a');
    expect(await bench.group().ensureGroup('a', 'r', false)).toMatchObject({ since: old });
    const other = bench.group('service/since');
    expect(await other.ensureGroup('a', 'e', false)).toEqual({ state: 'new', since: undefined });
    const all = { groupTtl: 1e9, count: 1000, age: undefined, page: 100, trim: 100 };
    await other.clean('a', 'e', all);
    expect(await bench.group().ensureGroup('a', 'r', false)).toEqual({ state: 'had', since: old });
  });

  it('reads what an earlier version noted, and takes it for no group', async () => {
    const bench = await Bench.open();
    await bench.group().ensureGroup('a', 'r', false);
    await bench.redis.hset(bench.keys.groups('a'), 'service/since', '5-0');
    expect(await bench.group().ensureGroup('a', 'r', false)).toMatchObject({ since: '5-0' });
    const other = bench.group('service/since');
    expect(await other.ensureGroup('a', 'e', false)).toMatchObject({ state: 'new' });
    expect(await bench.group().ensureGroup('a', 'r', false)).toMatchObject({ since: undefined });
  });
});
