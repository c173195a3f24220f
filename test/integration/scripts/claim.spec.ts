import { Bench, callerId, requestLine } from '../../support/brokers.js';

const asked = (count: number, suspects = false, nestedFrom = '') => ({
  ...{ count, permitted: 3, suspects, nestedFrom },
});

/** A consumer that left `count` entries behind, and one that may claim them. */
async function orphaned(count: number) {
  const bench = await Bench.open();
  const broker = bench.group();
  await broker.ensureGroup('a', 'r', false);
  for (let i = 0; i < count; i++) await bench.add('a');
  const dead = await bench.owner('dead');
  const ids = await bench.hand('a', 'dead', count);
  const me = await bench.owner('me');
  /** It left by itself. */
  const tombstone = () => bench.leases().release(dead, []);
  /** It was taken for dead. */
  const revoked = () => bench.redis.set(bench.keys.lease('dead'), '+');
  const note = (id: string) => bench.redis.hget(bench.keys.due('a'), `service ${id}`);
  return { bench, broker, ids, me, dead, tombstone, revoked, note };
}

describe('the scan script', () => {
  it('lists consumers and the groups of broadcasts, and nothing where there is no group', async () => {
    const { bench, broker } = await orphaned(1);
    for (const name of ['service{me}', 'service~old', 'other{me}', 'servicemore{me}']) {
      await bench.group(name).ensureGroup('a', 'b', false);
    }
    // Services: what they are called is their own business.
    for (const name of ['service~x', 'service~host-1-AAAAAAAAAAAA']) {
      await bench.group(name).ensureGroup('a', 'e', false);
    }
    await bench.add('b');
    await bench.redis.set(bench.keys.stream('c'), 'x');
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
    const { bench, broker } = await orphaned(1);
    const started = bench.keys.started('a');
    await bench.redis.hset(
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
    const { bench, broker, me, revoked } = made;
    const ids: string[] = [];
    for (const depth of depths) {
      ids.push(
        await bench.add('a', requestLine(callerId()) + (depth > 0 ? ` depth=${depth}` : '')),
      );
    }
    if (depths.length > 0) await bench.hand('a', 'dead', depths.length);
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
    const { bench, ids, claim } = await left([1, 0, 1]);
    await bench.redis.xclaim(bench.keys.stream('a'), 'service', 'dead', 0, ids[0]!, ids[1]!);
    expect(await claim(9)).toEqual([ids[2]]);
    expect(await claim(9)).toBe('suspects');
    expect(await claim(9, '-', true)).toEqual([ids[0]]);
    expect(await claim(9, '-', true)).toBe('empty');
  });

  it('goes on where it ended, however many others stand before them', async () => {
    const { bench, claim } = await left([]);
    const key = bench.keys.stream('a');
    const adding = bench.redis.pipeline();
    for (let i = 1; i <= 1100; i++)
      adding.xadd(key, `1-${i}`, 'c', requestLine(callerId()), 'd', '1');
    adding.xadd(key, '2-1', 'c', `${requestLine(callerId())} depth=1`, 'd', '1');
    await adding.exec();
    await bench.hand('a', 'dead', 2000);
    expect(await claim(1)).toEqual({ searchedTo: '1-1000', suspects: false });
    expect(await claim(1, '(1-1000')).toEqual(['2-1']);
    expect(await claim(1, '(2-1')).toBe('empty');
  });
});

describe('the claim script', () => {
  it('claims page by page, counting a delivery, and deletes the consumer when none is left', async () => {
    const { bench, broker, ids, me, tombstone } = await orphaned(3);
    await tombstone();
    const first = await broker.claim(me, 'dead', 'a', asked(2));
    expect(first).toMatchObject([
      { raw: { id: ids[0], fields: ['c', '1 json - - 0', 'd', '1'] }, deliveries: 2 },
      { raw: { id: ids[1] }, deliveries: 2, due: undefined },
    ]);
    expect(await broker.claim(me, 'dead', 'a', asked(2))).toMatchObject([{ raw: { id: ids[2] } }]);
    expect(await bench.pending('a')).toEqual(ids.map((id) => [id, 'me', 2]));
    expect(await broker.claim(me, 'dead', 'a', asked(2))).toBe('empty');
    expect(await broker.scan(['a'])).toMatchObject([{ consumers: ['me'] }]);
  });

  it('claims an entry on its last delivery by itself, and behind all others', async () => {
    const { bench, broker, ids, me, revoked } = await orphaned(4);
    await revoked();
    // The first and the third were handed out before.
    await bench.redis.xclaim(bench.keys.stream('a'), 'service', 'dead', 0, ids[0]!, ids[2]!);
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

  it('what an instance that left by itself hands over is no suspect, and counts for the truth', async () => {
    const { bench, broker, ids, me, tombstone, note } = await orphaned(2);
    await bench.redis.xclaim(bench.keys.stream('a'), 'service', 'dead', 0, ids[0]!);
    await tombstone();
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[0] }, deliveries: 3, spared: 1, due: undefined },
      { raw: { id: ids[1] }, deliveries: 2, spared: 1, due: undefined },
    ]);
    expect(await note(ids[0]!)).toBe('0 0  1');
    // Again and again, and a retry keeps what is noted.
    expect(
      await broker.retry(me, 'a', ids[1]!, { delay: 1000, attempts: 1, state: '0,2', spared: 1 }),
    ).toBe('ok');
    await bench.leases().release(me, []);
    const next = await bench.owner('next');
    expect(await broker.claim(next, 'me', 'a', asked(10))).toMatchObject([
      { deliveries: 4, spared: 2, due: undefined },
      { deliveries: 3, spared: 2, due: { attempts: 1, state: '0,2' } },
    ]);
    // One that dies counts, beside the others.
    await bench.redis.set(bench.keys.lease('next'), '+');
    const last = await bench.owner('last');
    expect(await broker.claim(last, 'next', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[1] }, deliveries: 4, spared: 2 },
    ]);
    expect(await broker.claim(last, 'next', 'a', asked(10))).toBe('suspects');
  });

  it('what was revoked did not leave by itself, whatever its owner says afterwards', async () => {
    const { bench, broker, me, dead, revoked } = await orphaned(1);
    await revoked();
    const patterns = Array.from({ length: 201 }, (_, i) => ({ pattern: `p${i}`, once: false }));
    await bench.leases().release(dead, patterns);
    expect(await bench.redis.exists(bench.keys.left('dead'))).toBe(0);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([{ spared: 0 }]);
  });

  it('notes go with the entry', async () => {
    const { bench, broker, ids, me, tombstone } = await orphaned(4);
    await tombstone();
    await bench.redis.hset(bench.keys.due('a'), `service ${ids[3]}`, '1 1  0');
    await bench.redis.xdel(bench.keys.stream('a'), ids[3]!);
    await broker.claim(me, 'dead', 'a', asked(10));
    const notes = () => bench.redis.hkeys(bench.keys.due('a'));
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
    await bench.redis.xdel(bench.keys.stream('a'), deleted);
    expect(await broker.fetch(me, 'a', [deleted])).toEqual([]);
    expect(await notes()).toEqual([]);
  });

  it('does not touch a consumer that lives, or whose lease is only missing', async () => {
    const { bench, broker, ids, me } = await orphaned(1);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('alive');
    await bench.redis.del(bench.keys.lease('dead'));
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('alive');
    expect(await bench.pending('a')).toEqual([[ids[0], 'dead', 1]]);
  });

  it('is refused to one whose own lease is gone', async () => {
    const { bench, broker, me, tombstone } = await orphaned(1);
    await tombstone();
    expect(await broker.claim({ ...me, token: 'x' }, 'dead', 'a', asked(10))).toBe('fenced');
    await bench.redis.del(bench.keys.lease('me'));
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toBe('fenced');
    expect(await bench.pending('a')).toMatchObject([[expect.anything(), 'dead', 1]]);
  });

  it('leaves out entries that were deleted, and they are pending no longer', async () => {
    const { bench, broker, ids, me, tombstone } = await orphaned(3);
    await tombstone();
    await bench.redis.xdel(bench.keys.stream('a'), ids[1]!);
    expect(await broker.claim(me, 'dead', 'a', asked(10))).toMatchObject([
      { raw: { id: ids[0] } },
      { raw: { id: ids[2] } },
    ]);
    expect((await bench.pending('a')).map(([id]) => id)).toEqual([ids[0], ids[2]]);
  });

  it('tells of retries that were noted', async () => {
    const { bench, broker, ids, me } = await orphaned(1);
    const dead = { consumer: 'dead', token: (await bench.redis.get(bench.keys.lease('dead')))! };
    expect(
      await broker.retry(dead, 'a', ids[0]!, {
        delay: 60_000,
        attempts: 2,
        state: '0,2',
        spared: 0,
      }),
    ).toBe('ok');
    await bench.leases().release(dead, []);
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
    const { bench, broker, ids, me, tombstone } = await orphaned(20);
    await tombstone();
    const rival = await bench.owner('rival');
    const pages = await Promise.all(
      Array.from({ length: 10 }, (_, i) => broker.claim(i % 2 ? me : rival, 'dead', 'a', asked(3))),
    );
    const got = pages.flatMap((page) => (Array.isArray(page) ? page : []));
    expect(got.map(({ raw }) => raw.id).sort()).toEqual([...ids].sort());
  });
});

describe('the scripts of the audit', () => {
  it('snapshot what is pending under a consumer', async () => {
    const { bench, broker, ids } = await orphaned(3);
    await bench.redis.set(bench.keys.stream('bad'), 'x');
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
    const { bench, broker, ids } = await orphaned(3);
    const owner = { consumer: 'dead', token: (await bench.redis.get(bench.keys.lease('dead')))! };
    const key = bench.keys.stream('a');
    await bench.redis.xclaim(key, 'service', 'other', 0, ids[0]!);
    await bench.redis.xdel(key, ids[1]!);
    expect(await broker.fetch(owner, 'a', [...ids, '1-1'])).toMatchObject([
      { raw: { id: ids[2] }, deliveries: 1, due: undefined },
    ]);
    // Pending without a body: there is nothing left to run.
    expect((await bench.pending('a')).map(([id]) => id)).toEqual([ids[0], ids[2]]);
    expect(await broker.fetch({ ...owner, token: 'x' }, 'a', ids)).toBe('fenced');
  });
});
