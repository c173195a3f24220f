import { TestBrokers, callerId, requestLine } from '../../support/brokers.js';

const asked = (count: number, suspects = false, nestedFrom = '') => ({
  ...{ count, permitted: 3, suspects, nestedFrom },
});

/** A consumer that left `count` entries behind, and one that may claim them. */
async function orphaned(count: number) {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  await broker.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await brokers.add('a');
  const dead = await brokers.owner('dead');
  const ids = await brokers.hand('a', 'dead', count);
  const me = await brokers.owner('me');
  /** It left by itself. */
  const tombstone = () => brokers.leases().release(dead, []);
  /** It was taken for dead. */
  const revoked = () => brokers.redis.set(brokers.keys.lease('dead'), '+');
  const note = (id: string) => brokers.redis.hget(brokers.keys.due('a'), `service ${id}`);
  return { brokers, broker, ids, me, dead, tombstone, revoked, note };
}

describe('the scan script', () => {
  it('lists consumers and the groups of broadcasts, and nothing where there is no group', async () => {
    const { brokers, broker } = await orphaned(1);
    for (const name of ['service{me}', 'service~old', 'other{me}', 'servicemore{me}']) {
      await brokers.group(name).ensureGroup('a', 'b', false);
    }
    // Services: what they are called is their own business.
    for (const name of ['service~x', 'service~host-1-AAAAAAAAAAAA']) {
      await brokers.group(name).ensureGroup('a', 'e', false);
    }
    await brokers.add('b');
    await brokers.redis.set(brokers.keys.stream('c'), 'x');
    expect(await broker.scan(['a', 'b', 'c', 'd'])).toEqual([
      { consumers: ['dead'], broadcasts: ['service{me}', 'service~old'] },
      { consumers: [], broadcasts: [] },
      { consumers: [], broadcasts: [] },
      { consumers: [], broadcasts: [] },
    ]);
  });
});

describe('the scan script, of what is started once', () => {
  it('lists those that started something in this group, whether or not it lists them', async () => {
    const { brokers, broker } = await orphaned(1);
    const started = brokers.keys.started('a');
    await brokers.redis.hset(
      started,
      'service 1-0',
      'ghost',
      'service{x} 2-0',
      'x',
      'other 3-0',
      'y',
    );
    expect(await broker.scan(['a', 'b'])).toEqual([
      { consumers: ['dead', 'ghost'], broadcasts: [] },
      { consumers: [], broadcasts: [] },
    ]);
  });
});

describe('the claim script, asked for calls that were made inside handlers', () => {
  /** What was left by one that was taken for dead: entries of these depths. */
  async function left(depths: readonly number[]) {
    const made = await orphaned(0);
    const { brokers, broker, me, revoked } = made;
    const ids: string[] = [];
    for (const depth of depths) {
      ids.push(
        await brokers.add('a', requestLine(callerId()) + (depth > 0 ? ` depth=${depth}` : '')),
      );
    }
    if (depths.length > 0) await brokers.hand('a', 'dead', depths.length);
    await revoked();
    const claim = async (count: number, from = '-', suspects = false) => {
      const answer = await broker.claim(me, 'dead', 'a', asked(count, suspects, from));
      return Array.isArray(answer) ? answer.map(({ raw }) => raw.id) : answer;
    };
    return { ...made, ids, claim };
  }

  it('claims those alone, no more than asked for, and leaves the consumer', async () => {
    const { ids, claim, broker } = await left([0, 1, 0, 2, 1]);
    expect(await claim(2)).toEqual([ids[1], ids[3]]);
    expect(await claim(2)).toEqual([ids[4]]);
    expect(await claim(2)).toBe('empty');
    expect(await broker.scan(['a'])).toMatchObject([{ consumers: ['dead', 'me'] }]);
    expect(await claim(2, '')).toEqual([ids[0], ids[2]]);
    expect(await claim(2)).toBe('empty');
    expect(await broker.scan(['a'])).toMatchObject([{ consumers: ['me'] }]);
  });

  it('keeps those on their last delivery for the end', async () => {
    const { brokers, ids, claim } = await left([1, 0, 1]);
    await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'dead', 0, ids[0]!, ids[1]!);
    expect(await claim(9)).toEqual([ids[2]]);
    expect(await claim(9)).toBe('suspects');
    expect(await claim(9, '-', true)).toEqual([ids[0]]);
    expect(await claim(9, '-', true)).toBe('empty');
  });

  it('goes on where it ended, however many others stand before them', async () => {
    const { brokers, claim } = await left([]);
    const key = brokers.keys.stream('a');
    const adding = brokers.redis.pipeline();
    for (let i = 1; i <= 1100; i++)
      adding.xadd(key, `1-${i}`, 'c', requestLine(callerId()), 'd', '1');
    adding.xadd(key, '2-1', 'c', `${requestLine(callerId())} depth=1`, 'd', '1');
    await adding.exec();
    await brokers.hand('a', 'dead', 2000);
    expect(await claim(1)).toEqual({ searchedTo: '1-1000', suspects: false });
    expect(await claim(1, '(1-1000')).toEqual(['2-1']);
    expect(await claim(1, '(2-1')).toBe('empty');
  });
});

describe('the claim script', () => {
  it('claims page by page, counting a delivery, and deletes the consumer when none is left', async () => {
    const { brokers, broker, ids, me, tombstone } = await orphaned(3);
    await tombstone();
    const first = await broker.claim(me, 'dead', 'a', asked(2));
    expect(first).toMatchObject([
      { raw: { id: ids[0], fields: ['c', '1 json - - 0', 'd', '1'] }, deliveries: 2 },
      { raw: { id: ids[1] }, deliveries: 2, due: undefined },
    ]);
    expect(await broker.claim(me, 'dead', 'a', asked(2))).toMatchObject([{ raw: { id: ids[2] } }]);
    expect(await brokers.pendingEntries('a')).toEqual(ids.map((id) => [id, 'me', 2]));
    expect(await broker.claim(me, 'dead', 'a', asked(2))).toBe('empty');
    expect(await broker.scan(['a'])).toMatchObject([{ consumers: ['me'] }]);
  });

  it('claims an entry on its last delivery by itself, and after all others', async () => {
    const { brokers, broker, ids, me, revoked } = await orphaned(4);
    await revoked();
    // The first and the third were handed out before.
    await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'dead', 0, ids[0]!, ids[2]!);
    const claimed = async (count: number, suspects: boolean) => {
      const answer = await broker.claim(me, 'dead', 'a', asked(count, suspects));
      return Array.isArray(answer) ? answer.map(({ raw }) => raw.id) : answer;
    };
    // However few are asked for, what is no suspect comes first; and never more than that.
    expect(await claimed(1, true)).toEqual([ids[1]]);
    expect(await claimed(1, true)).toEqual([ids[3]]);
    expect(await claimed(10, false)).toBe('suspects');
    expect(await claimed(10, true)).toEqual([ids[0]]);
    expect(await claimed(10, true)).toEqual([ids[2]]);
    expect(await claimed(10, true)).toBe('empty');
  });

  it('what an instance that left by itself hands over counts as a delivery, and not towards poison', async () => {
    const { brokers, broker, ids, me, tombstone, note } = await orphaned(2);
    await brokers.redis.xclaim(brokers.keys.stream('a'), 'service', 'dead', 0, ids[0]!);
    await tombstone();
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[0] }, deliveries: 3, spared: 1, due: undefined },
      { raw: { id: ids[1] }, deliveries: 2, spared: 1, due: undefined },
    ]);
    expect(await note(ids[0]!)).toBe('0 0  1');
    // Again and again, and a retry keeps what is noted.
    expect(
      await broker.retry(
        me,
        { stream: 'a', id: ids[1]! },
        { delay: 1000, attempts: 1, state: '0,2', spared: 1 },
      ),
    ).toBe('ok');
    await brokers.leases().release(me, []);
    const next = await brokers.owner('next');
    expect(await broker.claim(next, 'me', 'a', asked(10))).toMatchObject([
      { deliveries: 4, spared: 2, due: undefined },
      { deliveries: 3, spared: 2, due: { attempts: 1, state: '0,2' } },
    ]);
    // One that dies counts, beside the others.
    await brokers.redis.set(brokers.keys.lease('next'), '+');
    const last = await brokers.owner('last');
    expect(await broker.claim(last, 'next', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[1] }, deliveries: 4, spared: 2 },
    ]);
    expect(await broker.claim(last, 'next', 'a', asked(10))).toBe('suspects');
  });

  it('what was revoked did not leave by itself, whatever its owner says afterwards', async () => {
    const { brokers, broker, me, dead, revoked } = await orphaned(1);
    await revoked();
    const patterns = Array.from({ length: 201 }, (_, i) => ({ pattern: `p${i}`, once: false }));
    await brokers.leases().release(dead, patterns);
    expect(await brokers.redis.exists(brokers.keys.left('dead'))).toBe(0);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([{ spared: 0 }]);
  });

  it('notes go with the entry', async () => {
    const { brokers, broker, ids, me, tombstone } = await orphaned(4);
    await tombstone();
    await brokers.redis.hset(brokers.keys.due('a'), `service ${ids[3]}`, '1 1  0');
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[3]!);
    await broker.claim(me, 'dead', 'a', asked(10));
    const notes = () => brokers.redis.hkeys(brokers.keys.due('a'));
    expect((await notes()).sort()).toEqual(ids.slice(0, 3).map((id) => `service ${id}`));
    const [settled, refused, deleted] = ids as [string, string, string];
    await broker.settleChecked(me, {
      stream: 'a',
      id: settled,
      incarnation: '-',
      drop: true,
      answer: undefined,
    });
    const request = { stream: 'a', id: refused, pattern: 'a', deadline: 1, mayHand: false };
    await broker.noHandler(me, request, { caller: 'c', frame: 'f', ttlMs: 1000 });
    await brokers.redis.xdel(brokers.keys.stream('a'), deleted);
    expect(await broker.fetch(me, 'a', [deleted])).toEqual([]);
    expect(await notes()).toEqual([]);
  });

  it('does not touch a consumer that lives, or whose lease is only missing', async () => {
    const { brokers, broker, ids, me } = await orphaned(1);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('alive');
    await brokers.redis.del(brokers.keys.lease('dead'));
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('alive');
    expect(await brokers.pendingEntries('a')).toEqual([[ids[0], 'dead', 1]]);
  });

  it('is refused to a consumer whose own lease is gone', async () => {
    const { brokers, broker, me, tombstone } = await orphaned(1);
    await tombstone();
    expect(await broker.claim({ ...me, token: 'x' }, 'dead', 'a', asked(10))).toBe('fenced');
    await brokers.redis.del(brokers.keys.lease('me'));
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('missing');
    expect(await brokers.pendingEntries('a')).toMatchObject([[expect.anything(), 'dead', 1]]);
  });

  it('leaves out entries that were deleted, and they are pending no longer', async () => {
    const { brokers, broker, ids, me, tombstone } = await orphaned(3);
    await tombstone();
    await brokers.redis.xdel(brokers.keys.stream('a'), ids[1]!);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[0] } },
      { raw: { id: ids[2] } },
    ]);
    expect((await brokers.pendingEntries('a')).map(([id]) => id)).toEqual([ids[0], ids[2]]);
  });

  it('tells of retries that were noted', async () => {
    const { brokers, broker, ids, me } = await orphaned(1);
    const dead = {
      consumer: 'dead',
      token: (await brokers.redis.get(brokers.keys.lease('dead')))!,
    };
    expect(
      await broker.retry(
        dead,
        { stream: 'a', id: ids[0]! },
        {
          delay: 60_000,
          attempts: 2,
          state: '0,2',
          spared: 0,
        },
      ),
    ).toBe('ok');
    await brokers.leases().release(dead, []);
    const [entry] = (await broker.claim(me, 'dead', 'a', asked(10))) as {
      due?: { at: number };
    }[];
    expect(entry).toMatchObject({ due: { attempts: 2, state: '0,2' } });
    expect(entry!.due!.at).toBeGreaterThan(Date.now());
  });

  it('finds nothing where there is no group or no stream', async () => {
    const { broker, me, tombstone } = await orphaned(0);
    await tombstone();
    expect(await broker.claim(me, 'dead', 'nowhere', asked(10))).toBe('empty');
  });

  it('gives each entry to one of two claimers', async () => {
    const { brokers, broker, ids, me, tombstone } = await orphaned(20);
    await tombstone();
    const rival = await brokers.owner('rival');
    const pages = await Promise.all(
      Array.from({ length: 10 }, (_, i) => broker.claim(i % 2 ? me : rival, 'dead', 'a', asked(3))),
    );
    const got = pages.flatMap((page) => (Array.isArray(page) ? page : []));
    expect(got.map(({ raw }) => raw.id).sort()).toEqual([...ids].sort());
  });
});

describe('the scripts of the audit', () => {
  it('snapshot what is pending under a consumer', async () => {
    const { brokers, broker, ids } = await orphaned(3);
    await brokers.redis.set(brokers.keys.stream('bad'), 'x');
    const first = (stream: string) => ({ stream, from: '-' });
    expect(await broker.snapshot('dead', ['a', 'bad', 'none'].map(first), 2)).toEqual([
      ids.slice(0, 2),
      undefined,
      undefined,
    ]);
    const behind = { stream: 'a', from: `(${ids[0]}` };
    expect(await broker.snapshot('dead', [behind, first('bad')], 2)).toEqual([
      ids.slice(1, 3),
      undefined,
    ]);
    expect(await broker.snapshot('nobody', [first('a')], 10)).toEqual([[]]);
  });

  it('fetch what is still pending under me, without counting a delivery', async () => {
    const { brokers, broker, ids } = await orphaned(3);
    const owner = {
      consumer: 'dead',
      token: (await brokers.redis.get(brokers.keys.lease('dead')))!,
    };
    const key = brokers.keys.stream('a');
    await brokers.redis.xclaim(key, 'service', 'other', 0, ids[0]!);
    await brokers.redis.xdel(key, ids[1]!);
    expect(await broker.fetch(owner, 'a', [...ids, '1-1'])).toMatchObject([
      { raw: { id: ids[2] }, deliveries: 1, due: undefined },
    ]);
    // Pending without a body: there is nothing left to run.
    expect((await brokers.pendingEntries('a')).map(([id]) => id)).toEqual([ids[0], ids[2]]);
    expect(await broker.fetch({ ...owner, token: 'x' }, 'a', ids)).toBe('fenced');
    await brokers.redis.del(brokers.keys.lease('dead'));
    expect(await broker.fetch(owner, 'a', ids)).toBe('missing');
  });
});
