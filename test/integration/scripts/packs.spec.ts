import {
  endedRecord,
  runningRecord,
} from '../../../libs/redis-stream-transport/src/protocol/result-record.js';
import { callerId, TestBrokers } from '../../support/brokers.js';

/** A pack of three calls that `me` holds. */
async function held() {
  const brokers = await TestBrokers.open();
  const broker = brokers.group();
  const caller = callerId();
  await broker.ensureGroup('a', 'r', false);
  const [more, line] = [['m', '1,2,3'], `1 pack.json 3 ${caller} 60000`];
  const id = await brokers.add('a', line, '[1,\n2,\n3]', ...more);
  const me = await brokers.owner('me');
  await brokers.hand('a', 'me');
  const state = () => brokers.redis.hget(brokers.keys.part('a'), id);
  const settle = (letters: string) =>
    broker.settle(me, {
      ...{ logs: [], results: [] },
      streams: [
        {
          ...{ stream: 'a', keep: [], drop: [] },
          noted: [],
          started: [],
          packs: [{ note: id, letters }],
        },
      ],
    });
  const of = (place: number) => ({ stream: 'a', id, pack: { size: 3, place } });
  return { brokers, broker, caller, id, me, state, settle, of };
}

describe('the settle script, of packs', () => {
  it('P2, P3: joins what ended with what is noted, and the last end takes the entry along', async () => {
    const { brokers, state, settle } = await held();
    expect(await settle('.x.')).toMatchObject({ kind: 'ok' });
    expect(await state()).toBe('.x.');
    await settle('x..');
    expect(await state()).toBe('xx.');
    // An older settlement that comes late undoes nothing.
    await settle('.x.');
    expect(await state()).toBe('xx.');
    expect(await brokers.ids('a')).toHaveLength(1);
    await settle('..x');
    expect([await brokers.ids('a'), await brokers.pending('a'), await state()]).toEqual([
      [],
      0,
      null,
    ]);
  });

  it('notes nothing of a pack that is gone, and goes on noting one that only its group has lost', async () => {
    const { brokers, id, state, settle } = await held();
    const { redis, keys } = brokers;
    // Redis has lost that the group was given the pack: what ended must not run again.
    await redis.xgroup('SETID', keys.stream('a'), 'service', '0');
    await redis.xack(keys.stream('a'), 'service', id);
    await settle('x..');
    expect(await state()).toBe('x..');
    await settle('.xx');
    expect([await brokers.ids('a'), await state()]).toEqual([[], null]);
    // The answer was lost, so the settlement is sent again.
    await settle('.xx');
    expect(await redis.exists(keys.part('a'))).toBe(0);
  });

  it('takes the note about a pack along with its last call, and no note before', async () => {
    const { brokers, id, settle } = await held();
    const { redis, keys } = brokers;
    // An instance that left by itself had it: that delivery does not count.
    await redis.hset(keys.due('a'), `service ${id}`, '0 0  1');
    await settle('xx.');
    expect(await redis.hkeys(keys.due('a'))).toEqual([`service ${id}`]);
    await settle('..x');
    expect([await brokers.ids('a'), await redis.exists(keys.due('a'))]).toEqual([[], 0]);
  });

  it('takes along all that was noted of a pack that ends as a whole', async () => {
    const { brokers, broker, id, me } = await held();
    const { redis, keys } = brokers;
    const wanted = ['t', 't', 't'] as const;
    await brokers.starts().mark(me, 'a', [{ note: id, wanted, attempts: [], once: true }]);
    const [part, started] = [keys.part('a'), keys.started('a')];
    expect(await redis.exists(part, started)).toBe(2);
    await broker.settle(me, {
      ...{ logs: [], results: [] },
      streams: [{ stream: 'a', keep: [], drop: [id], noted: [], started: [], lettered: [id] }],
    });
    expect([await brokers.ids('a'), await brokers.pending('a')]).toEqual([[], 0]);
    expect(await redis.exists(part, started)).toBe(0);
  });

  it('ends a pack of which nothing can be noted when all of it has ended', async () => {
    const { brokers, settle } = await held();
    await brokers.redis.set(brokers.keys.part('a'), 'something else');
    await settle('x..');
    expect(await brokers.ids('a')).toHaveLength(1);
    await settle('xxx');
    expect(await brokers.ids('a')).toEqual([]);
  });
});

describe('an operation on a call of a pack', () => {
  it('P9: finds nothing to do where the call has ended', async () => {
    const { brokers, broker, caller, me, settle, of } = await held();
    await settle('.x.');
    const answer = { caller, frame: 'frame', ttlMs: 1000 };
    const letter = { ...of(1), drop: true, answer, key: undefined, kept: 10, fields: ['a', 'b'] };
    const next = { delay: 1, attempts: 1, state: '', spared: 0 };
    const unhandled = { ...of(1), pattern: 'a', deadline: 1, mayHand: false };
    const settled = { ...of(1), incarnation: '', drop: true, answer };
    expect(await broker.settleChecked(me, settled)).toBe('lost');
    expect(await broker.retry(me, of(1), next)).toBe('lost');
    expect(await broker.deadLetter(me, letter)).toBe('lost');
    expect((await broker.noHandler(me, unhandled, answer)).kind).toBe('lost');
    expect(await brokers.frames(caller)).toEqual([]);
    expect(await brokers.redis.exists(brokers.keys.dead('service'))).toBe(0);
  });

  it('ends it, and the entry with the last', async () => {
    const { brokers, broker, caller, me, state, of } = await held();
    const answer = { caller, frame: 'frame', ttlMs: 60_000 };
    const letter = { ...of(0), drop: true, answer, key: undefined, kept: 10, fields: ['a', 'b'] };
    expect(await broker.deadLetter(me, letter)).toBe('ok');
    expect(await state()).toBe('x..');
    const unhandled = { ...of(2), pattern: 'a', deadline: 1, mayHand: false };
    expect((await broker.noHandler(me, unhandled, answer)).kind).toBe('answered');
    expect(await state()).toBe('x.x');
    const settled = { ...of(1), incarnation: '', drop: true, answer };
    expect(await broker.settleChecked(me, settled)).toBe('ok');
    expect([await brokers.ids('a'), await brokers.pending('a'), await state()]).toEqual([
      [],
      0,
      null,
    ]);
    expect(await brokers.frames(caller)).toHaveLength(3);
  });
});

describe('what is settled after a loss of memory', () => {
  it('leaves no note about a pack that is gone', async () => {
    const { brokers, me, of, broker } = await held();
    await brokers.redis.del(brokers.keys.stream('a'), brokers.keys.part('a'));
    const end = { ...of(1), incarnation: 'before', drop: true, answer: undefined };
    expect(await broker.settleChecked(me, end)).toBe('ok');
    expect(await brokers.redis.exists(brokers.keys.part('a'))).toBe(0);
  });
});

describe('an event of a pack that is settled once more, as its answer was lost', () => {
  it('leaves no note where its group has ended the pack, and one where Redis has forgotten that', async () => {
    const brokers = await TestBrokers.open();
    const { redis, keys } = brokers;
    const broker = brokers.group();
    await broker.ensureGroup('a', 'e', false);
    const id = await brokers.add('a', '1 pack.json 3 - 0', '[1,\n2,\n3]');
    const me = await brokers.owner('me');
    await brokers.hand('a', 'me');
    await broker.settle(me, {
      ...{ logs: [], results: [] },
      streams: [{ stream: 'a', keep: [id], drop: [], noted: [], started: [] }],
    });
    const pack = { size: 3, place: 1, shared: true };
    const again = { stream: 'a', id, pack, incarnation: '', drop: false, answer: undefined };
    expect(await broker.settleChecked(me, again)).toBe('ok');
    expect(await redis.exists(keys.part('a'))).toBe(0);
    await redis.xgroup('SETID', keys.stream('a'), 'service', '0');
    expect(await broker.settleChecked(me, again)).toBe('ok');
    expect(await redis.hgetall(keys.part('a'))).toEqual({ [`${id} service`]: '.x.' });
  });
});

describe('L22: the key of a call of a pack', () => {
  const keyed = (result: string | undefined) => ({
    ...{ pattern: 'a', key: 'key', digest: 'digest', result },
  });

  /** A pack of which this call runs under the key. */
  async function running(place: number) {
    const pack = await held();
    const { brokers, id } = pack;
    const record = brokers.keys.idempotency('service', 'a', 'key');
    const text = runningRecord('digest', `${id}#${place}`, 'a');
    await brokers.redis.set(record, text);
    return { ...pack, record, running: text, result: () => brokers.redis.get(record) };
  }

  it('gets the result of that call and of no other', async () => {
    const { brokers, broker, id, me, of, result, record, ...pack } = await running(1);
    const settle = (place: number) =>
      broker.settle(me, {
        ...{ logs: [], streams: [] },
        results: [{ ...keyed(`[[${place}]]`), name: `${id}#${place}` }],
      });
    await settle(0);
    expect(await result()).toBe(pack.running);
    await settle(1);
    expect(await result()).toBe(endedRecord('digest', '[[1]]'));
    await brokers.redis.set(record, pack.running);
    const checked = { incarnation: '', drop: true, answer: undefined };
    await broker.settleChecked(me, { ...of(0), ...checked, keyed: keyed('[[0]]') });
    expect(await result()).toBe(pack.running);
    await broker.settleChecked(me, { ...of(1), ...checked, keyed: keyed('[[1]]') });
    expect(await result()).toBe(endedRecord('digest', '[[1]]'));
  });

  it('is free again when that call becomes a dead letter', async () => {
    const { brokers, broker, me, of, record } = await running(1);
    const letter = { drop: true, answer: undefined, kept: 10, fields: ['a', 'b'] };
    const key = { pattern: 'a', key: 'key' };
    await broker.deadLetter(me, { ...of(0), ...letter, key });
    expect(await brokers.redis.exists(record)).toBe(1);
    await broker.deadLetter(me, { ...of(1), ...letter, key });
    expect(await brokers.redis.exists(record)).toBe(0);
  });
});

describe('the mark script', () => {
  type Wanted = '.' | 't' | 'T';

  /** Asks to mark calls of one pack; `attempts` is that of each call. */
  const asking =
    ({ brokers, id, me }: Awaited<ReturnType<typeof held>>) =>
    async (wanted: string, attempts: number[] = [], who = me) => {
      const letters = Array.from(wanted) as Wanted[];
      const once = wanted.includes('t');
      const told = await brokers
        .starts()
        .mark(who, 'a', [{ note: id, wanted: letters, attempts, once }]);
      return typeof told === 'string' ? told : told[0];
    };

  it('P12: marks a call, and a noted retry takes the mark away', async () => {
    const pack = await held();
    const mark = asking(pack);
    expect(await mark('.T.')).toEqual([undefined, 'run', undefined]);
    expect(await pack.state()).toBe('.t.');
    await pack.broker.retry(pack.me, pack.of(1), { delay: 1, attempts: 1, state: '', spared: 0 });
    expect(await pack.state()).toBe('...');
  });

  it('P12: refuses a mark that comes after the attempt that it was meant for', async () => {
    const pack = await held();
    const mark = asking(pack);
    await pack.broker.retry(pack.me, pack.of(1), { delay: 1, attempts: 1, state: '', spared: 0 });
    expect(await mark('TT.')).toEqual(['run', 'lost', undefined]);
    expect(await pack.state()).toBe('t..');
    expect(await mark('.T.', [0, 1, 0])).toEqual([undefined, 'run', undefined]);
    expect(await mark('..T', [0, 0, 1])).toEqual([undefined, undefined, 'lost']);
    const other = await held();
    await other.broker.retry(other.me, other.of(1), {
      ...{ delay: 1, attempts: 1, state: '', spared: 0 },
    });
    expect(await asking(other)('TTT')).toEqual(['run', 'lost', 'run']);
  });

  it('P13: marks calls of several packs in one step, each as it stands', async () => {
    const { brokers, id, me, caller, state } = await held();
    const more = ['m', '1,2'];
    const other = await brokers.add('a', `1 pack.json 2 ${caller} 60000`, '[1,\n2]', ...more);
    const unread = await brokers.add('a', `1 pack.json 2 ${caller} 60000`, '[1,\n2]', ...more);
    await brokers.hand('a', 'me', 1);
    await brokers.redis.hset(brokers.keys.part('a'), id, '.x.');
    const told = await brokers.starts().mark(me, 'a', [
      { note: id, wanted: ['t', 't', '.'], attempts: [], once: true },
      { note: other, wanted: ['t', 't'], attempts: [], once: true },
      { note: unread, wanted: ['t', '.'], attempts: [], once: true },
      { note: '1-1', wanted: ['t', '.'], attempts: [], once: true },
    ]);
    expect(told).toEqual([
      ['run', 'lost', undefined],
      ['run', 'run'],
      ['lost', undefined],
      ['lost', undefined],
    ]);
    expect(await state()).toBe('tx.');
    expect(await brokers.redis.hgetall(brokers.keys.part('a'))).toEqual({
      [id]: 'tx.',
      [other]: 'tt',
    });
  });

  it('P13: grants a mark that is there only to whom has asked for it before', async () => {
    const pack = await held();
    const mark = asking(pack);
    expect(await mark('t..')).toEqual(['run', undefined, undefined]);
    // The answer was lost, and it asks again.
    expect(await mark('Tt.')).toEqual(['run', 'run', undefined]);
    expect(await mark('tt.')).toEqual(['marked', 'marked', undefined]);
    expect(await pack.state()).toBe('tt.');
  });

  it('P13: leaves calls to whom has started others of their pack, until it is revoked', async () => {
    const pack = await held();
    const { brokers, id } = pack;
    const mark = asking(pack);
    const other = await brokers.owner('other');
    expect(await mark('t..')).toEqual(['run', undefined, undefined]);
    // As after a group that was destroyed and made anew.
    const stream = brokers.keys.stream('a');
    await brokers.redis.xgroup('DESTROY', stream, 'service');
    await brokers.redis.xgroup('CREATE', stream, 'service', '0');
    await brokers.hand('a', 'other');
    expect(await mark('ttt', [], other)).toEqual(['lost', 'lost', 'lost']);
    expect(await mark('.tt')).toEqual([undefined, 'run', 'run']);
    await brokers.redis.set(brokers.keys.lease('me'), '+');
    const starts = brokers.starts();
    expect((await starts.interrupted(other, 'me', 'a')).map((one) => one.id)).toEqual([id]);
    const end = { stream: 'a', id, answer: undefined };
    expect(await starts.endInterrupted(other, 'me', end)).toBe('ok');
    expect(await mark('ttt', [], other)).toEqual(['marked', 'marked', 'marked']);
    expect(await brokers.redis.hvals(brokers.keys.started('a'))).toEqual(['other']);
  });

  it('P13: has a pack found by an audit that its starter has left to nobody', async () => {
    const pack = await held();
    const { brokers, me, id } = pack;
    await asking(pack)('t..');
    const stream = brokers.keys.stream('a');
    await brokers.redis.xgroup('DELCONSUMER', stream, 'service', 'me');
    const starts = brokers.starts();
    await starts.endInterrupted(me, 'me', { stream: 'a', id, answer: undefined });
    expect(await brokers.redis.xpending(stream, 'service', '-', '+', 9)).toEqual([
      [id, 'me', expect.any(Number), 2],
    ]);
  });

  it('P13: marks nothing for others, or where nothing can be noted', async () => {
    const pack = await held();
    const mark = asking(pack);
    const { brokers, me } = pack;
    expect(await mark('ttt', [], await brokers.owner('other'))).toEqual(['lost', 'lost', 'lost']);
    expect(await mark('ttt', [], { ...me, token: 'old' })).toBe('fenced');
    expect(await mark('ttt', [], { ...me, consumer: 'nobody' })).toBe('missing');
    expect(await pack.state()).toBe(null);
    await brokers.redis.set(brokers.keys.part('a'), 'something else');
    await expect(mark('ttt')).rejects.toThrow('WRONGTYPE');
  });
});

describe('the look script', () => {
  it('says what is noted of a pack that is mine, and nothing of others', async () => {
    const { brokers, broker, id, me, settle } = await held();
    expect(await broker.look(me, 'a', [id, '1-1'])).toEqual(['', undefined]);
    await settle('x..');
    expect(await broker.look(me, 'a', [id])).toEqual(['x..']);
    const other = await brokers.owner('other');
    expect(await broker.look(other, 'a', [id])).toEqual([undefined]);
  });
});

describe('the decide script, of packs', () => {
  it('P6: ends a call that no group was given, and has whoever reads the pack look first', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const [more, line] = [['m', '1,2'], `1 pack.json 2 ${caller.id} 60000`];
    const id = await brokers.add('a', line, '[1,\n2]', ...more);
    const decide = async (place: number) => {
      const call = { stream: 'a', entry: id, pack: { size: 2, place } };
      return (await caller.broker.decide([call])).fates[0];
    };
    expect(await decide(1)).toEqual({ kind: 'not-run' });
    expect(await brokers.redis.hget(brokers.keys.part('a'), id)).toBe('.x');
    expect(await brokers.redis.hget(brokers.keys.incarnation(), 'look')).toBe(id.split('-')[0]);
    expect(await decide(1)).toEqual({ kind: 'gone' });
    expect(await decide(0)).toEqual({ kind: 'not-run' });
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('says of a call that has ended what it says of one whose entry is gone', async () => {
    const { brokers, id, settle } = await held();
    const caller = await brokers.caller();
    await settle('x..');
    const call = (place: number) => ({ stream: 'a', entry: id, pack: { size: 3, place } });
    const { fates } = await caller.broker.decide([call(0), call(1)]);
    expect(fates).toEqual([{ kind: 'gone' }, { kind: 'may', owner: 'me' }]);
    const asked = [call(0), call(1)].map((one) => ({ ...one, pattern: 'a' }));
    expect((await caller.broker.reAsk(asked)).entries).toEqual(['unknown', 'exists']);
  });
});

describe('the group script, of packs', () => {
  it('P7: has packs looked at that a group is given which was made anew', async () => {
    const { brokers, broker, id } = await held();
    const look = () => brokers.redis.hget(brokers.keys.incarnation(), 'look');
    expect(await look()).toBe(null);
    await brokers.redis.xgroup('DESTROY', brokers.keys.stream('a'), 'service');
    await broker.ensureGroup('a', 'r', false);
    expect(await look()).toBe(id.split('-')[0]);
  });
});

describe('the sweep script', () => {
  it('removes what is noted of packs that are gone', async () => {
    const { brokers, id, settle, state } = await held();
    await settle('x..');
    await brokers.starts().sweep('a');
    expect(await state()).toBe('x..');
    await brokers.redis.xdel(brokers.keys.stream('a'), id);
    await brokers.starts().sweep('a');
    expect(await state()).toBe(null);
  });
});
