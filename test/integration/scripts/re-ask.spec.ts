import { TestBrokers, requestLine } from '../../support/brokers.js';

describe('the re-ask script', () => {
  it('says what became of an entry, and how its pattern is announced', async () => {
    const brokers = await TestBrokers.open();
    const { broker, id } = await brokers.caller();
    const there = await brokers.add('a', requestLine(id));
    const live = (pattern: string, ...members: (string | number)[]) =>
      brokers.redis.zadd(brokers.keys.live(pattern), 0, '.', ...members);
    await live('many', Date.now() + 10_000, 'service me -');
    await live(
      'once',
      Date.now() - 10_000,
      'service gone once',
      Date.now() + 10_000,
      'service me -',
    );
    // Its service has left, or Redis has forgotten all that was announced.
    await live('left');
    const fates = async (...patterns: string[]) => {
      const asked = patterns.map((pattern) => ({ stream: 'a', pattern, entry: '1-1' }));
      const { entries } = await broker.reAsk([
        { stream: 'a', pattern: 'a', entry: there },
        ...asked,
      ]);
      return entries;
    };
    expect(await fates('many', 'once', 'left', 'never')).toEqual([
      'exists',
      'gone',
      'once',
      'unknown',
      'unknown',
    ]);
  });
});
