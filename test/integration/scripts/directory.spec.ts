import { DirectoryStore } from '../../../libs/redis-stream-transport/src/contracts/directory/directory-store.js';
import { Bench } from '../../support/brokers.js';

const ttl = 60_000;

const offer = (name: string, card: string) => ({ name, ttl, card });

const opened = async () => {
  const bench = await Bench.open();
  return { bench, directory: new DirectoryStore(bench.link, bench.keys) };
};

describe('the directory', () => {
  it('has what live consumers say, and the documents they refer to', async () => {
    const { bench, directory } = await opened();
    const me = await bench.owner('me');
    const document = { digest: 'd1', text: '' };
    expect(await directory.describe(me, { ...offer('files', 'one'), document })).toBe('unknown');
    expect(await directory.services()).toEqual([]);
    const whole = { ...document, text: '{"long":1}' };
    expect(await directory.describe(me, { ...offer('files', 'one'), document: whole })).toBe('ok');
    expect(await directory.describe(me, { ...offer('files', 'two words'), document })).toBe('ok');
    expect(await directory.services()).toEqual(['files']);
    const { now, cards } = await directory.look('files', false);
    expect(cards).toEqual([{ consumer: 'me', text: 'two words', at: expect.any(Number) }]);
    expect(now - cards[0]!.at).toBeLessThan(30_000);
    expect(await directory.document('d1')).toBe('{"long":1}');
    expect(await directory.document('d2')).toBeUndefined();
    for (const name of ['services', 'instances:files', 'about:files', 'document:d1']) {
      expect(await bench.redis.pttl(`{${bench.prefix}}:${name}`)).toBeGreaterThan(3_000_000);
    }
  });

  it('takes nothing from who has no lease, or another one', async () => {
    const { bench, directory } = await opened();
    const none = { consumer: 'none', token: 'x' };
    expect(await directory.describe(none, offer('files', 'one'))).toBe('missing');
    await bench.owner('me');
    expect(await directory.describe({ ...none, consumer: 'me' }, offer('files', 'one'))).toBe(
      'fenced',
    );
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await bench.redis.exists(bench.keys.about('files'))).toBe(0);
  });

  it('ignores consumers whose lease has ended, and forgets them with the next word of another', async () => {
    const { bench, directory } = await opened();
    await directory.describe(await bench.owner('dead'), offer('files', 'one'));
    // As if its lease had ended.
    await bench.redis.zadd(bench.keys.instances('files'), 1, 'dead');
    await bench.redis.zadd(bench.keys.services(), 1, 'files');
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await directory.services()).toEqual([]);
    await directory.describe(await bench.owner('me'), offer('files', 'two'));
    expect(await bench.redis.hkeys(bench.keys.about('files'))).toEqual(['me']);
    expect(await bench.redis.zrange(bench.keys.instances('files'), '0', '-1')).toEqual(['me']);
    expect(await directory.services()).toEqual(['files']);
  });

  it('forgets who withdraws', async () => {
    const { bench, directory } = await opened();
    const me = await bench.owner('me');
    await directory.describe(me, offer('files', 'one'));
    await directory.describe(me, { ...offer('files', 'one'), ttl: 0 });
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await bench.redis.exists(bench.keys.about('files'))).toBe(0);
  });

  it('lets each consumer be asked', async () => {
    const { bench, directory } = await opened();
    for (const name of ['a', 'b']) {
      await directory.describe(await bench.owner(name), offer('files', name));
    }
    const heard: string[] = [];
    const listener = bench.redis.duplicate();
    listener.on('message', (channel: string, text: string) => heard.push(`${channel} ${text}`));
    await listener.subscribe(bench.keys.inbox('a'), bench.keys.inbox('b'));
    await directory.look('files', true);
    await vi.waitFor(() =>
      expect(heard.toSorted()).toEqual([
        `${bench.keys.inbox('a')} report`,
        `${bench.keys.inbox('b')} report`,
      ]),
    );
    listener.disconnect();
  });
});
