import { DirectoryStore } from '../../../libs/redis-stream-transport/src/contracts/directory/directory-store.js';
import { eventually } from '../../../tools/wait.js';
import { TestBrokers } from '../../support/brokers.js';

const ttl = 60_000;

const offer = (name: string, card: string) => ({ name, ttl, card });

const opened = async () => {
  const brokers = await TestBrokers.open();
  return { brokers, directory: new DirectoryStore(brokers.link, brokers.keys) };
};

describe('the directory', () => {
  it('has what live consumers say, and the documents they refer to', async () => {
    const { brokers, directory } = await opened();
    const me = await brokers.owner('me');
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
      expect(await brokers.redis.pttl(`{${brokers.prefix}}:${name}`)).toBeGreaterThan(3_000_000);
    }
  });

  it('takes nothing from a consumer that has no lease, or another one', async () => {
    const { brokers, directory } = await opened();
    const none = { consumer: 'none', token: 'x' };
    expect(await directory.describe(none, offer('files', 'one'))).toBe('missing');
    await brokers.owner('me');
    expect(await directory.describe({ ...none, consumer: 'me' }, offer('files', 'one'))).toBe(
      'fenced',
    );
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await brokers.redis.exists(brokers.keys.about('files'))).toBe(0);
  });

  it('ignores consumers whose lease has ended, and forgets them when another one announces itself', async () => {
    const { brokers, directory } = await opened();
    await directory.describe(await brokers.owner('dead'), offer('files', 'one'));
    // As if its lease had ended.
    await brokers.redis.zadd(brokers.keys.instances('files'), 1, 'dead');
    await brokers.redis.zadd(brokers.keys.services(), 1, 'files');
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await directory.services()).toEqual([]);
    await directory.describe(await brokers.owner('me'), offer('files', 'two'));
    expect(await brokers.redis.hkeys(brokers.keys.about('files'))).toEqual(['me']);
    expect(await brokers.redis.zrange(brokers.keys.instances('files'), '0', '-1')).toEqual(['me']);
    expect(await directory.services()).toEqual(['files']);
  });

  it('forgets a consumer that withdraws', async () => {
    const { brokers, directory } = await opened();
    const me = await brokers.owner('me');
    await directory.describe(me, offer('files', 'one'));
    await directory.describe(me, { ...offer('files', 'one'), ttl: 0 });
    expect(await directory.look('files', false)).toMatchObject({ cards: [] });
    expect(await brokers.redis.exists(brokers.keys.about('files'))).toBe(0);
  });

  it('lets each consumer be asked', async () => {
    const { brokers, directory } = await opened();
    for (const name of ['a', 'b']) {
      await directory.describe(await brokers.owner(name), offer('files', name));
    }
    const heard: string[] = [];
    const listener = brokers.redis.duplicate();
    listener.on('smessage', (channel: string, text: string) => heard.push(`${channel} ${text}`));
    await listener.ssubscribe(brokers.keys.inbox('a'), brokers.keys.inbox('b'));
    await directory.look('files', true);
    await eventually(() =>
      expect(heard.toSorted()).toEqual([
        `${brokers.keys.inbox('a')} report`,
        `${brokers.keys.inbox('b')} report`,
      ]),
    );
    listener.disconnect();
  });
});
