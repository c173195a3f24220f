import { idAfter } from '../../../libs/redis-stream-transport/src/protocol/entry.js';
import { range } from '../../support/tally.js';
import type { BatchSection } from '../../../libs/redis-stream-transport/src/redis/caller-broker.js';
import { enqueueScript } from '../../../libs/redis-stream-transport/src/redis/operations/calling/enqueue.js';
import { TestBrokers, callerId, eventLine, requestLine, section } from '../../support/brokers.js';
import { startPrivateRedis } from '../../support/redis-process.js';

const applied = (sections: unknown[], version = 0) => ({ kind: 'applied', version, sections });
const all = (count: number) => ({ first: expect.any(String), count, refusal: undefined });
const none = (refusal: string) => ({ first: '-', count: 0, refusal });

describe('the enqueue script', () => {
  it('adds the entries of all sections with contiguous ids', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const answer = await caller.enqueue(1, [section('a', 3), section('b', 2)]);
    expect(answer).toMatchObject(applied([all(3), all(2)]));
    const ids = await brokers.ids('a');
    expect(ids).toEqual([ids[0], idAfter(ids[0]!), idAfter(ids[0]!, 2)]);
    expect(answer).toMatchObject({ sections: [{ first: ids[0] }, {}] });
    expect(await brokers.ids('b')).toHaveLength(2);
  });

  it('keeps ids contiguous in a batch that takes longer than a millisecond', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const entries = range(5000).map((i) => ['c', eventLine, 'd', String(i)]);
    await caller.enqueue(1, [
      section('a', 5000),
      section('b', 0, { hasExtraFields: true, entries }),
      unequal('c', 5000),
    ]);
    for (const stream of ['a', 'b', 'c']) {
      const ids = await brokers.ids(stream);
      expect(ids).toEqual(range(5000).map((i) => idAfter(ids[0]!, i)));
    }
  });

  it('says when a stream is more than a tenth full, and does not look where it is not asked to', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller(callerId(), 20);
    expect(await caller.enqueue(1, [section('a', 2)])).toMatchObject(applied([all(2)]));
    const filling = { ...all(1), isFilling: true };
    expect(await caller.enqueue(2, [section('a', 1)])).toMatchObject(applied([filling]));
    const unmeasured = section('a', 22, { measures: false });
    expect(await caller.enqueue(3, [unmeasured, section('b')])).toMatchObject(
      applied([all(22), all(1)]),
    );
    expect(await brokers.ids('a')).toHaveLength(25);
    expect(await caller.enqueue(4, [section('a')])).toMatchObject(
      applied([{ ...none('FULL'), isFilling: true }]),
    );
  });

  /** Entries of which each second one has another header, so that each is sent with its own. */
  const unequal = (stream: string, count: number, changes: Partial<BatchSection> = {}) =>
    section(stream, count, {
      entries: range(count).map((i) => [i % 2 === 0 ? eventLine : `${eventLine} other`, String(i)]),
      ...changes,
    });

  it('stores a batch of equal events, of others and of calls as if each had been sent by itself', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const calls = ['1', '2'].map((call) => [requestLine(caller.id, call), `"${call}"`]);
    const lists = ['1', '2'].map((n) => ['c', eventLine, 'd', n, 'h', '{"a":"b"}']);
    const answer = await caller.enqueue(1, [
      section('a', 3),
      unequal('a', 3),
      section('b', 2, { entries: calls }),
      section('a', 2, { hasExtraFields: true, entries: lists }),
      section('c', 1, { measures: false }),
      section('a', 2, { measures: false }),
    ]);
    const counts = [3, 3, 2, 2, 1, 2];
    expect(answer).toMatchObject(applied(counts.map(all)));
    const stored = async (stream: string) =>
      (await brokers.redis.xrange(brokers.keys.stream(stream), '-', '+')).map(
        ([, fields]) => fields,
      );
    const plain = (header: string, data: string) => ['c', header, 'd', data];
    expect(await stored('a')).toEqual([
      ...range(3).map((i) => plain(eventLine, String(i))),
      ...range(3).map((i) => plain(i === 1 ? `${eventLine} other` : eventLine, String(i))),
      ...lists,
      ...range(2).map((i) => plain(eventLine, String(i))),
    ]);
    expect(await stored('b')).toEqual(calls.map(([header, data]) => plain(header!, data!)));
    expect(await stored('c')).toEqual([plain(eventLine, '0')]);
    expect(await caller.enqueue(1, [])).toEqual({ ...answer, now: expect.any(Number) });
  });

  it.each([
    ['equal', section],
    ['different', unequal],
  ])('stores what fits of entries with %s headers, and what comes after them', async (_, make) => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller(callerId(), 5);
    await brokers.redis.set(brokers.keys.stream('bad'), 'x');
    const answer = await caller.enqueue(1, [
      make('a', 3),
      make('a', 3),
      make('bad', 3),
      make('b', 2, { mode: 2 }),
      make('c', 2),
    ]);
    expect(answer).toMatchObject(
      applied([all(3), { count: 2, refusal: 'FULL' }, none('E'), none('NEVER'), all(2)]),
    );
    const ids = await brokers.ids('a');
    expect(ids).toEqual(range(5).map((i) => (i < 3 ? idAfter(ids[0]!, i) : ids[i])));
    const last = await brokers.redis.xrange(brokers.keys.stream('c'), '-', '+');
    expect(last.map(([, fields]) => fields[3])).toEqual(['0', '1']);
  });

  it('looks once in a batch who reads a class, and whether a wildcard awaits the pattern', async () => {
    await using server = await startPrivateRedis();
    const brokers = await TestBrokers.open(server.url);
    const { keys, redis } = brokers;
    for (const stream of ['a', 'a|1']) {
      await brokers.group().ensureGroup(stream, 'e', false);
      await redis.xgroup('CREATECONSUMER', keys.stream(stream), 'service', 'me');
    }
    const caller = await brokers.caller();
    const ofClass = { stream: 'a|1', isEvent: true };
    const wildcards = [{ text: 'other.*', answers: false }];
    const terms = { ttl: 60_000, groupTtl: 60_000, came: undefined };
    await brokers.leases().announceWildcards(await brokers.owner(), wildcards, terms);
    const looks = async () => {
      const stats = await redis.info('commandstats');
      const named = stats.matchAll(
        /^cmdstat_(?:xinfo.consumers|exists|zrangebyscore):calls=(\d+)/gm,
      );
      return [...named].reduce((sum, [, calls]) => sum + Number(calls), 0);
    };
    const one = await looks();
    await caller.enqueue(1, [section('a', 1, { ofClass })]);
    const two = await looks();
    const sections = range(5).map(() => section('a', 2, { ofClass }));
    const answer = await caller.enqueue(2, [...sections, section('a', 1)]);
    expect(answer).toMatchObject(applied([...sections.map(() => all(2)), all(1)]));
    expect(two - one).toBeGreaterThan(0);
    expect((await looks()) - two).toBe(two - one);
    expect(await brokers.ids('a|1')).toHaveLength(11);
    expect(await brokers.ids('a')).toHaveLength(1);
  });

  it('tells of data that is missing below one header, and keeps what was there', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const { keys } = brokers;
    const line = ['1', '1', '0', caller.incarnation, String(Date.now() + 60_000)];
    const rest = ['2000', '600000', '100', '', '1', '0r', '5', '3', eventLine, '"only one"'];
    const names = [keys.caller(caller.id), keys.incarnation(), keys.log(caller.id)];
    const places = [...names, keys.stream('a'), keys.live('a')];
    const said = await brokers.link.command('eval', [
      ...[enqueueScript.lua, String(places.length), ...places],
      ...[...line, ...rest],
    ]);
    expect(said).toMatch(/^ok \d+ 0 \d+-\d+:1!E/);
    expect(await brokers.ids('a')).toHaveLength(1);
    expect(await caller.enqueue(2, [section('a', 2)])).toMatchObject({ kind: 'applied' });
  });

  it('stores lone entries of many streams, and tells of each that is refused', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    await brokers.redis.set(brokers.keys.stream('b'), 'no stream');
    const lone = ['a', 'b', 'c'].map((name) => section(name, 1, { measures: false }));
    const answer = await caller.enqueue(1, lone);
    expect(answer).toMatchObject(
      applied([all(1), { count: 0, refusal: 'E', error: { reply: 'WRONGTYPE' } }, all(1)]),
    );
    for (const [i, stream] of ['a', 'c'].entries()) {
      const [id] = await brokers.ids(stream);
      expect(answer).toHaveProperty(['sections', String(2 * i), 'first'], id);
    }
  });

  it('stores rows of lone entries with two fields and with more', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const lone = (name: string, fields?: string[]) =>
      section(name, 1, {
        measures: false,
        ...(fields === undefined ? {} : { hasExtraFields: true, entries: [fields] }),
      });
    const wide = [
      ['c', 'first', 'd', '1', 'h', '{}'],
      ['c', 'second', 'd', '2', 'p', 'y', 'h', '{}'],
    ];
    // Two of them go to one stream, as in a lane.
    const rows = [lone('a'), lone('b', wide[0]), lone('b', wide[1]), lone('c')];
    const answer = await caller.enqueue(1, rows);
    expect(answer).toMatchObject(applied([all(1), all(1), all(1), all(1)]));
    const stored = await brokers.redis.xrange(brokers.keys.stream('b'), '-', '+');
    expect(stored.map(([, fields]) => fields)).toEqual(wide);
    for (const [i, [id]] of stored.entries())
      expect(answer).toHaveProperty(['sections', String(i + 1), 'first'], id);
    expect(await brokers.ids('c')).toHaveLength(1);
  });

  it('adds nothing for a number it has applied, and returns the verdict as it was', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const first = await caller.enqueue(1, [section('a', 2)], { version: 3 });
    const again = await caller.enqueue(1, [section('a', 1)], { version: 4 });
    expect(again).toEqual({ ...first, now: expect.any(Number) });
    expect(again).toMatchObject({ version: 3 });
    expect(await brokers.ids('a')).toHaveLength(2);
  });

  it('keeps the verdicts of the last eight numbers', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    for (let number = 1; number <= 9; number++) await caller.enqueue(number, [section('a')]);
    expect(await caller.enqueue(1, [section('a')])).toMatchObject({ kind: 'forgotten' });
    expect(await caller.enqueue(2, [section('a')])).toMatchObject({ kind: 'applied' });
    expect(await brokers.ids('a')).toHaveLength(9);
  });

  it('returns refusals again when a number is repeated', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const refused = section('a', 2, { mode: 2 });
    const first = await caller.enqueue(1, [refused]);
    await brokers.redis.zadd(brokers.keys.live('a'), 0, '.');
    expect(await caller.enqueue(1, [refused])).toMatchObject({ ...first, now: expect.anything() });
    expect(await brokers.ids('a')).toEqual([]);
  });

  it('refuses a number that leaves one out', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    await caller.enqueue(1, [section('a')]);
    expect(await caller.enqueue(3, [section('a')])).toMatchObject({
      kind: 'gap',
      epoch: 1,
      number: 1,
    });
    expect(await brokers.ids('a')).toHaveLength(1);
  });

  it('refuses anything but number 1 without a record', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    expect(await caller.enqueue(2, [section('a')])).toMatchObject({ kind: 'gap', number: -1 });
    expect(
      await brokers.redis.exists(brokers.keys.caller(caller.id), brokers.keys.stream('a')),
    ).toBe(0);
  });

  it('refuses a lower epoch for ever, and opens a higher one', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    await caller.enqueue(1, [section('a')]);
    await caller.enqueue(1, [section('a')], { epoch: 2 });
    const late = { kind: 'old', epoch: 2, number: 1 };
    expect(await caller.enqueue(1, [section('a')])).toMatchObject(late);
    expect(await caller.enqueue(2, [section('a')])).toMatchObject(late);
    expect(await brokers.ids('a')).toHaveLength(2);
  });

  it('opens an epoch only in the memory it was meant for', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const answer = await caller.enqueue(1, [section('a')], { incarnation: 'another' });
    expect(answer).toMatchObject({ kind: 'incarnation', id: caller.incarnation });
    expect(await brokers.ids('a')).toEqual([]);
    // Within an epoch the record itself proves that the memory is the same.
    await caller.enqueue(1, [section('a')]);
    expect(await caller.enqueue(2, [section('a')], { incarnation: 'another' })).toMatchObject({
      kind: 'applied',
    });
  });

  it('refuses a batch that was on its way for too long', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const answer = await caller.enqueue(1, [section('a')], { stamp: Date.now() - 60_000 });
    expect(answer).toMatchObject({ kind: 'stale' });
    expect(Math.abs(answer.now - Date.now())).toBeLessThan(30_000);
    expect(await brokers.ids('a')).toEqual([]);
    expect(await caller.enqueue(1, [section('a')])).toMatchObject({ kind: 'applied' });
  });

  it('refuses what does not fit under the cap, and stores what does', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller(callerId(), 5);
    const answer = await caller.enqueue(1, [section('a', 3), section('a', 3), section('b', 1)]);
    expect(answer).toMatchObject(
      applied([all(3), { count: 2, refusal: 'FULL' }, { count: 1, refusal: undefined }]),
    );
    expect(await caller.enqueue(2, [section('a')])).toMatchObject(applied([none('FULL')]));
    expect(await brokers.ids('a')).toHaveLength(5);
  });

  it('does not count handled events against the cap', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller(callerId(), 4);
    await brokers.group().ensureGroup('a', 'e', false);
    await caller.enqueue(1, [section('a', 4)]);
    const ids = await brokers.hand('a', 'me');
    await brokers.redis.xack(brokers.keys.stream('a'), 'service', ids[0]!, ids[1]!);
    expect(await caller.enqueue(2, [section('a', 3)])).toMatchObject(
      applied([{ count: 2, refusal: 'FULL' }]),
    );
  });

  it('mode 2 refuses a pattern that was never served, mode 1 one that no instance serves now', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const modes = [section('a', 1, { mode: 2 }), section('a', 1, { mode: 1 })];
    expect(await caller.enqueue(1, modes)).toMatchObject(applied([none('NEVER'), none('NONE')]));
    await brokers.redis.zadd(brokers.keys.live('a'), 0, '.', 1, 'service gone -');
    expect(await caller.enqueue(2, modes)).toMatchObject(applied([all(1), none('NONE')]));
    await brokers.redis.zadd(brokers.keys.live('a'), Date.now() + 60_000, 'service here -');
    expect(await caller.enqueue(3, modes)).toMatchObject(applied([all(1), all(1)]));
  });

  it('stores entries with extra fields as they are, bytes of any alphabet included', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const fields = ['c', eventLine, 'd', '"ä\u0000😀"', 'h', '{"a":"b"}', 'p', 'x y'];
    const entries = [fields, ['c', eventLine, 'd', '2']];
    await caller.enqueue(1, [section('a', 0, { hasExtraFields: true, entries }), section('a', 1)]);
    const stored = await brokers.redis.xrange(brokers.keys.stream('a'), '-', '+');
    expect(stored.map(([, fieldsOf]) => fieldsOf)).toEqual([
      fields,
      ['c', eventLine, 'd', '2'],
      ['c', eventLine, 'd', '0'],
    ]);
  });

  it('uses the number of a batch that has become empty', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    expect(await caller.enqueue(1, [])).toMatchObject(applied([]));
    expect(await caller.enqueue(2, [section('a')])).toMatchObject({ kind: 'applied' });
  });

  it('a stream of a wrong type refuses only its own entries', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    await brokers.redis.set(brokers.keys.stream('bad'), 'x');
    await brokers.redis.set(brokers.keys.live('odd'), 'x');
    const answer = await caller.enqueue(1, [
      section('bad', 2),
      section('odd', 1, { mode: 1 }),
      section('good', 1),
    ]);
    expect(answer).toMatchObject(applied([none('E'), none('E'), all(1)]));
    expect(await brokers.ids('good')).toHaveLength(1);
  });

  it('trims the reply log up to what was read', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const log = brokers.keys.log(caller.id);
    const ids: string[] = [];
    for (const frame of ['1', '2', '3'])
      ids.push((await brokers.redis.xadd(log, '*', 'f', frame))!);
    await caller.enqueue(1, [], { trim: ids[2]! });
    expect(await brokers.frames(caller.id)).toEqual(['3']);
  });

  it('leaves nothing behind when memory is full, and its number can be closed', async () => {
    await using server = await startPrivateRedis();
    const brokers = await TestBrokers.open(server.url);
    const caller = await brokers.caller();
    await brokers.redis.config('SET', 'maxmemory', '1');
    await expect(caller.enqueue(1, [section('a')])).rejects.toMatchObject({
      kind: 'refused',
      reply: 'OOM',
    });
    expect(
      await brokers.redis.exists(brokers.keys.caller(caller.id), brokers.keys.stream('a')),
    ).toBe(0);
    const closed = await caller.broker.closeNumber(1, 1, caller.incarnation);
    expect(closed).toMatchObject({ kind: 'closed' });
    await brokers.redis.config('SET', 'maxmemory', '0');
    expect(await caller.enqueue(1, [section('a')])).toMatchObject({ kind: 'closed' });
    expect(await caller.enqueue(2, [section('a')])).toMatchObject({ kind: 'applied' });
    expect(await brokers.ids('a')).toHaveLength(1);
  });
});

describe('over how many streams a pattern is spread', () => {
  it('L26: is the least that all live instances announce, in one of the streams as in no other', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const leases = brokers.leases();
    let number = 1;
    const told = async () => {
      const answer = await caller.enqueue(number++, [section('a', 1, { asks: true })]);
      return answer.kind === 'applied' ? answer.sections[0] : undefined;
    };
    const announces = async (spread: number | undefined, more: object = {}) => {
      const owner = await brokers.owner();
      const said = [{ pattern: 'a', once: false, spread, ...more }];
      await leases.announce(owner, said, 60_000, true);
      return () => leases.release(owner, said);
    };
    expect(await told()).toMatchObject({ takers: 0 });
    const leave = await announces(undefined, { packs: true });
    expect(await told()).toEqual({ ...all(1), takers: 1 });
    await announces(6, { packs: true, once: true });
    expect(await told()).toEqual({ ...all(1), takers: 2 });
    await leave();
    expect(await told()).toEqual({ ...all(1), takers: 1, spread: 6 });
    await announces(3);
    expect(await told()).toEqual({ ...all(1), takers: 0, spread: 3 });
    await announces(1);
    expect(await told()).toEqual({ ...all(1), takers: 0 });
  });
});

describe('the script that closes a number', () => {
  it('closes only the next number, and tells of one that was applied', async () => {
    const brokers = await TestBrokers.open();
    const caller = await brokers.caller();
    const { broker, incarnation } = caller;
    await caller.enqueue(1, [section('a', 2)]);
    expect(await broker.closeNumber(1, 1, incarnation)).toMatchObject(applied([all(2)]));
    expect(await broker.closeNumber(1, 3, incarnation)).toMatchObject({ kind: 'gap', number: 1 });
    expect(await broker.closeNumber(1, 2, incarnation)).toMatchObject({ kind: 'closed' });
    expect(await broker.closeNumber(1, 2, incarnation)).toMatchObject({ kind: 'closed' });
    expect(await broker.closeNumber(0, 1, incarnation)).toMatchObject({ kind: 'old', epoch: 1 });
    expect(await broker.closeNumber(2, 1, 'another')).toMatchObject({ kind: 'incarnation' });
  });
});
