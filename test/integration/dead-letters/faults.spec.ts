import { dropAnswers, noAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { Arena, eventually, range, Tally } from '../../support/arena.js';
import { proxyTo } from '../../support/proxy.js';
import { lettersOf, withLetters } from './letters.js';

/** Letters of events that count how often each is handled once they are replayed. */
async function counted(count: number) {
  const { arena, moody } = await withLetters(range(count));
  const tally = new Tally();
  moody.broken = false;
  moody.handled.push = (key: unknown) => {
    tally.add(key);
    return 0;
  };
  return { arena, tally };
}

describe('X13 replay under faults', () => {
  it('with a third of the answers swallowed and the link cut, each letter is replayed once', async () => {
    const { arena, tally } = await counted(60);
    const { proxy, url } = await proxyTo(arena.url);
    const letters = lettersOf(arena, { url, retryDelay: 20 });
    await letters.count();
    proxy.treat(dropAnswers(0.3, 'commands'));
    expect(await letters.replayAll()).toMatchObject({ replayed: 60, more: false });
    expect(proxy.counts.dropped).toBeGreaterThan(0);
    await eventually(() => expect(tally.total).toBe(60));
    expect(tally.repeated).toEqual([]);
    proxy.treat(pass);
    expect(await letters.count()).toBe(0);
  });

  it('the answer to a single replay is swallowed: the repeat tells the entry that it became', async () => {
    const { arena, tally } = await counted(1);
    const { proxy, url } = await proxyTo(arena.url);
    const letters = lettersOf(arena, { url, retryDelay: 20 });
    const [letter] = (await letters.page()).letters;
    const link = proxy.latest('commands');
    link.mode = noAnswers;
    const replay = letters.replay(letter!.id);
    // Nothing is heard of the first question; the next connection has answers.
    await eventually(() => expect(link.sent).toContain('xrange'));
    link.destroy();
    const entry = await replay;
    expect(entry).toMatch(/^\d+-\d+$/);
    // Another process, an operator that asks once more: the same entry, and nothing is added.
    expect(await lettersOf(arena).replay(letter!.id)).toBe(entry);
    await eventually(() => expect(tally.total).toBe(1));
    expect(tally.repeated).toEqual([]);
  });

  it('a process that ends in the middle leaves each letter replayed or there', async () => {
    const { arena, tally } = await counted(200);
    const { proxy, url } = await proxyTo(arena.url);
    const first = lettersOf(arena, { url, retryDelay: 20 });
    const ended = first.replayAll().catch((error: unknown) => error);
    await eventually(() => expect(tally.total).toBeGreaterThan(0));
    proxy.cut();
    await first.close();
    await ended;
    const letters = lettersOf(arena);
    const left = await letters.count();
    expect(await letters.replayAll()).toMatchObject({ replayed: left });
    await eventually(() => expect(tally.total).toBe(200));
    expect(tally.repeated).toEqual([]);
  });

  it('an error changes nothing: a stream of a wrong type, memory that is full', async () => {
    const arena = new Arena();
    const key = arena.keys.dead('service');
    await arena.redis.xadd(
      key,
      '*',
      ...['stream', 'bad', 'pattern', 'bad', 'id', '1-0', 'c', '1 json - - 0', 'd', '1'],
    );
    await arena.redis.set(arena.keys.stream('bad'), 'x');
    const letters = lettersOf(arena);
    await expect(letters.replayAll()).rejects.toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    expect(await letters.count()).toBe(1);
    expect(await arena.redis.keys(`{${arena.prefix}}:replayed:*`)).toEqual([]);
    await arena.redis.set(key, 'x');
    await expect(letters.count()).rejects.toMatchObject({ code: 'REDIS' });
  });

  it('without Redis: NOT_CONNECTED in time, or CLOSED', async () => {
    const arena = new Arena();
    const away = { url: 'redis://127.0.0.1:9', timeout: 300 };
    await expect(lettersOf(arena, away).count()).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
      outcome: 'not-run',
    });
    const letters = lettersOf(arena, { ...away, timeout: 60_000 });
    const waiting = letters.page();
    await letters.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
