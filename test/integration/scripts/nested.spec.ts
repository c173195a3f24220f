import {
  readNested,
  type NestedSearch,
} from '../../../libs/redis-stream-transport/src/redis/operations/serving/nested.js';
import { refuseUnread } from '../../../libs/redis-stream-transport/src/redis/operations/serving/refuse-unread.js';
import type { Owner } from '../../../libs/redis-stream-transport/src/redis/owner.js';
import { TestBrokers } from '../../support/brokers.js';

/** Entries of these depths in the stream `a`, and a search among them. */
async function streamOf(depths: readonly number[]) {
  const brokers = await TestBrokers.open();
  await brokers.group().ensureGroup('a', 'r', false);
  const ids: string[] = [];
  const key = brokers.keys.stream('a');
  for (const depth of depths) {
    const line = `1 json 1 ${'c'.repeat(22)} 1000${depth > 0 ? ` depth=${depth}` : ''}`;
    ids.push((await brokers.redis.xadd(key, '*', 'c', line, 'd', '1')) as string);
  }
  const search = async (changes: Partial<NestedSearch> = {}, most = 10, mark = '') => {
    const { read, marks } = await readNested(brokers.link, brokers.keys, {
      ...{ group: 'service', consumer: 'me', wanted: 10, others: 10, force: false },
      streams: [{ stream: 'a', most, mark }],
      ...changes,
    });
    return { read: read.flatMap(({ entries }) => entries.map(({ id }) => id)), mark: marks[0]! };
  };
  return { brokers, ids, search };
}

describe('the refusal of a call that no group was given yet', () => {
  const answer = { caller: 'c'.repeat(22), frame: 'frame', ttlMs: 60_000 };
  const refuse = async (brokers: TestBrokers, me: Owner, id: string) =>
    refuseUnread(brokers.link, brokers.keys, me, { group: 'service', stream: 'a', id, answer });

  it('deletes it and tells its caller, once', async () => {
    const { brokers, ids } = await streamOf([0, 1]);
    const me = await brokers.owner('me');
    expect(await refuse(brokers, me, ids[1]!)).toBe('ok');
    expect(await refuse(brokers, me, ids[1]!)).toBe('lost');
    expect(await brokers.redis.xrange(brokers.keys.stream('a'), '-', '+')).toHaveLength(1);
    const log = await brokers.redis.xrange(brokers.keys.log(answer.caller), '-', '+');
    expect(log.map(([, fields]) => fields.slice(0, 2))).toEqual([['f', 'frame']]);
  });

  it('does not touch what a group may have been given, nor anything without a lease', async () => {
    const { brokers, ids } = await streamOf([1, 1]);
    const me = await brokers.owner('me');
    await brokers.group('other').ensureGroup('a', 'r', true);
    await brokers.hand('a', 'somebody', 1, 'other');
    expect(await refuse(brokers, me, ids[0]!)).toBe('lost');
    expect(await refuse(brokers, { ...me, token: 'x' }, ids[1]!)).toBe('fenced');
    expect(await refuse(brokers, { ...me, consumer: 'nobody' }, ids[1]!)).toBe('missing');
    expect(await refuse(brokers, me, ids[1]!)).toBe('ok');
    expect(await brokers.redis.xlen(brokers.keys.stream('a'))).toBe(1);
  });
});

describe('the search for calls made inside handlers', () => {
  it('reads nothing where there is none, and does not look at the same entries again', async () => {
    const { brokers, ids, search } = await streamOf([0, 0, 0]);
    expect(await search()).toEqual({ read: [], mark: { mark: ids[2], isFar: false } });
    expect(await brokers.pendingEntries('a')).toEqual([]);
    expect(await search({}, 10, ids[2])).toMatchObject({ read: [], mark: { mark: ids[2] } });
  });

  it('reads up to the last of them, with what stands between', async () => {
    const { ids, search } = await streamOf([0, 1, 0, 2, 0]);
    expect(await search()).toEqual({ read: ids.slice(0, 4), mark: { mark: '', isFar: false } });
  });

  it('reads no more of them than wanted, or than the stream may bring', async () => {
    const { ids, search } = await streamOf([1, 1, 1, 1]);
    expect((await search({ wanted: 1 })).read).toEqual(ids.slice(0, 1));
    expect((await search({}, 2)).read).toEqual(ids.slice(1, 3));
    expect((await search({}, 0)).read).toEqual([]);
  });

  it('leaves those that stand too far back, takes the first alone where that is near enough', async () => {
    const { ids, search } = await streamOf([0, 0, 1, 0, 0, 0, 1]);
    expect(await search({ others: 1 })).toEqual({ read: [], mark: { mark: ids[1], isFar: true } });
    expect((await search({ others: 3 }, 10, ids[1])).read).toEqual(ids.slice(0, 3));
    expect(await search({ others: 2 })).toMatchObject({ read: [], mark: { isFar: true } });
  });

  it('reads what stands before those when it has to', async () => {
    const { ids, search } = await streamOf([0, 0, 0, 1]);
    const found = await search({ others: 2, force: true });
    expect(found).toMatchObject({ read: ids.slice(0, 2), mark: { isFar: true } });
    expect((await search({ others: 2 })).read).toEqual(ids.slice(2));
  });

  it('looks at a long backlog in parts, from where it ended', async () => {
    const { brokers, search } = await streamOf([]);
    const key = brokers.keys.stream('a');
    const line = `1 json 1 ${'c'.repeat(22)} 1000`;
    const adding = brokers.redis.pipeline();
    for (let i = 1; i <= 1500; i++) adding.xadd(key, `${i}-0`, 'c', line, 'd', '1');
    adding.xadd(key, '1501-0', 'c', `${line} depth=1`, 'd', '1');
    await adding.exec();
    const first = await search();
    expect(first).toEqual({ read: [], mark: { mark: '1000-0', isFar: false } });
    const second = await search({}, 10, first.mark.mark);
    expect(second).toEqual({ read: [], mark: { mark: '1500-0', isFar: true } });
    expect((await search({ others: 1500 }, 10, second.mark.mark)).read).toHaveLength(1501);
  });

  it('passes over streams without the group, and keys that are no stream', async () => {
    const { brokers, search } = await streamOf([]);
    await brokers.redis.set(brokers.keys.stream('a'), 'x');
    expect((await search()).read).toEqual([]);
    expect((await search({ streams: [{ stream: 'b', most: 1, mark: '' }] })).read).toEqual([]);
  });
});
