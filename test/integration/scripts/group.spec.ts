import { TestBrokers } from '../../support/brokers.js';

/** What a group made now would be given. */
async function given(brokers: TestBrokers, group: string): Promise<string[]> {
  return brokers.hand('a', 'reader', 100, group);
}

const incarnation = (brokers: TestBrokers) => brokers.redis.hget(brokers.keys.incarnation(), 'id');

describe('the group script', () => {
  it('makes a stream and a group, and finds them again', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    expect(await broker.ensureGroup('a', 'e', false)).toEqual({ state: 'new', since: undefined });
    expect(await broker.ensureGroup('a', 'e', false)).toEqual({ state: 'had', since: undefined });
  });

  it.each(['e', 'r'] as const)('begins the first group (%s) at 0', async (kind) => {
    const brokers = await TestBrokers.open();
    const id = await brokers.add('a');
    await brokers.group().ensureGroup('a', kind, false);
    expect(await given(brokers, 'service')).toEqual([id]);
  });

  it('begins a further group of events at the end, or at 0 if it asks for history', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group('first').ensureGroup('a', 'e', false);
    const old = await brokers.add('a');
    await brokers.group('late').ensureGroup('a', 'e', false);
    await brokers.group('historian').ensureGroup('a', 'e', true);
    const fresh = await brokers.add('a');
    expect(await given(brokers, 'late')).toEqual([fresh]);
    expect(await given(brokers, 'historian')).toEqual([old, fresh]);
  });

  it('begins a further group of requests at 0, and tells which events are not for it', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group('first').ensureGroup('a', 'e', false);
    const old = await brokers.add('a');
    const answer = await brokers.group().ensureGroup('a', 'r', false);
    expect(answer).toEqual({ state: 'new', since: old });
    expect(await given(brokers, 'service')).toEqual([old]);
    // Every instance of the service is told, and it outlives the group.
    expect(await brokers.group().ensureGroup('a', 'r', false)).toEqual({
      state: 'had',
      since: old,
    });
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await brokers.group().ensureGroup('a', 'r', false)).toEqual({
      state: 'lost',
      since: old,
    });
    expect(await brokers.group('historian').ensureGroup('a', 'r', true)).toMatchObject({
      since: undefined,
    });
  });

  it('begins the group of a broadcast at the end, and does not register it', async () => {
    const brokers = await TestBrokers.open();
    await brokers.add('a');
    await brokers.group('service{me}').ensureGroup('a', 'b', true);
    expect(await given(brokers, 'service{me}')).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.groups('a'))).toBe(0);
  });

  it('makes a lost group anew at 0 when its cursor is unknown, never at the end', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group('first').ensureGroup('a', 'e', false);
    await brokers.group().ensureGroup('a', 'e', false);
    const id = await brokers.add('a');
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await brokers.group().ensureGroup('a', 'e', false)).toMatchObject({ state: 'lost' });
    expect(await given(brokers, 'service')).toEqual([id]);
  });

  it('makes a lost group anew at its cursor', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    await broker.ensureGroup('a', 'e', false);
    const ids = [await brokers.add('a'), await brokers.add('a'), await brokers.add('a')];
    await brokers.hand('a', 'me', 2);
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', ids[0]!);
    const all = { groupTtl: 1e9, count: 1000, age: undefined, page: 100, trim: 100 };
    await broker.clean('a', 'e', all);
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    expect(await broker.ensureGroup('a', 'e', false)).toMatchObject({ state: 'lost' });
    // The second was pending: it is handed out again rather than lost.
    expect(await given(brokers, 'service')).toEqual(ids.slice(1));
  });

  it('ignores a cursor of a stream that is younger', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    await broker.ensureGroup('a', 'e', false);
    await brokers.redis.hset(
      brokers.keys.groups('a'),
      'service',
      `${Date.now()} e 99999999999999-0`,
    );
    await brokers.redis.del(brokers.keys.stream('a'));
    const id = await brokers.add('a');
    await broker.ensureGroup('a', 'e', false);
    expect(await given(brokers, 'service')).toEqual([id]);
  });

  it('changes the incarnation when it is made on a stream that was there', async () => {
    const brokers = await TestBrokers.open();
    const broker = brokers.group();
    const { id: before } = await broker.hello();
    await broker.ensureGroup('fresh', 'r', false);
    expect(await incarnation(brokers)).toBe(before);
    await brokers.add('a');
    await broker.ensureGroup('a', 'r', false);
    expect(await incarnation(brokers)).not.toBe(before);
  });

  it('drops the group of a broadcast whose consumer is gone', async () => {
    const brokers = await TestBrokers.open();
    const gone = await brokers.owner('gone');
    const broadcast = brokers.group('service{gone}');
    await broadcast.ensureGroup('a', 'b', false);
    const groups = async () =>
      (await brokers.redis.xinfo('GROUPS', brokers.keys.stream('a'))) as [];
    await brokers.group().dropGroup('a', 'gone', 'service{gone}');
    expect(await groups()).toHaveLength(1);
    await brokers.leases().release(gone, []);
    await brokers.group().dropGroup('a', 'gone', 'service{gone}');
    expect(await groups()).toEqual([]);
    await broadcast.ensureGroup('a', 'b', false);
    await broadcast.dropGroup('a', 'gone');
    expect(await groups()).toEqual([]);
  });

  it('drops its own, and no other, when the registry cannot be read', async () => {
    const brokers = await TestBrokers.open();
    await brokers.leases().release(await brokers.owner('gone'), []);
    const mine = brokers.group('service{me}');
    await mine.ensureGroup('a', 'b', false);
    await brokers.group('service{gone}').ensureGroup('a', 'b', false);
    await brokers.redis.set(brokers.keys.groups('a'), 'x');
    await brokers.group().dropGroup('a', 'gone', 'service{gone}');
    await mine.dropGroup('a', 'me');
    const groups = (await brokers.redis.xinfo('GROUPS', brokers.keys.stream('a'))) as string[][];
    expect(groups.map((group) => group[1])).toEqual(['service{gone}']);
  });

  it('never drops a group that is registered: it is a service, whatever it is called', async () => {
    const brokers = await TestBrokers.open();
    await brokers.leases().release(await brokers.owner('gone'), []);
    const service = brokers.group('service~gone');
    await service.ensureGroup('a', 'e', false);
    await brokers.group().dropGroup('a', 'gone', 'service~gone');
    expect(await service.ensureGroup('a', 'e', false)).toMatchObject({ state: 'had' });
  });

  it('keeps what is noted of one group apart from a group of a similar name', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group('first').ensureGroup('a', 'e', false);
    const old = await brokers.add('a');
    expect(await brokers.group().ensureGroup('a', 'r', false)).toMatchObject({ since: old });
    const other = brokers.group('service/since');
    expect(await other.ensureGroup('a', 'e', false)).toEqual({ state: 'new', since: undefined });
    const all = { groupTtl: 1e9, count: 1000, age: undefined, page: 100, trim: 100 };
    await other.clean('a', 'e', all);
    expect(await brokers.group().ensureGroup('a', 'r', false)).toEqual({
      state: 'had',
      since: old,
    });
  });

  it('reads what an earlier version noted, and takes it for no group', async () => {
    const brokers = await TestBrokers.open();
    await brokers.group().ensureGroup('a', 'r', false);
    await brokers.redis.hset(brokers.keys.groups('a'), 'service/since', '5-0');
    expect(await brokers.group().ensureGroup('a', 'r', false)).toMatchObject({ since: '5-0' });
    const other = brokers.group('service/since');
    expect(await other.ensureGroup('a', 'e', false)).toMatchObject({ state: 'new' });
    expect(await brokers.group().ensureGroup('a', 'r', false)).toMatchObject({ since: undefined });
  });
});
