import { dropAnswers, noAnswers, pass } from '../../../tools/tcp-proxy/modes.js';
import { eventually } from '../../../tools/wait.js';
import { range, Tally } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { proxyIn } from '../../support/proxy.js';
import { away } from '../../support/redis.js';
import { lettersOf, withLetters } from './letters.js';

/** Letters of events that count how often each is handled once they are replayed. */
async function counted(count: number) {
  const { service, moody } = await withLetters(range(count));
  const tally = new Tally();
  moody.broken = false;
  moody.handled.push = (key: unknown) => {
    tally.add(key);
    return 0;
  };
  return { service, tally };
}

describe('X13 replay under faults', () => {
  it('with a third of the answers swallowed and the link cut, each letter is replayed once', async () => {
    const { service, tally } = await counted(60);
    const { proxy, through } = await proxyIn(service);
    const letters = lettersOf(service, { ...through, retryDelay: 20 });
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
    const { service, tally } = await counted(1);
    const { proxy, through } = await proxyIn(service);
    const letters = lettersOf(service, { ...through, retryDelay: 20 });
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
    expect(await lettersOf(service).replay(letter!.id)).toBe(entry);
    await eventually(() => expect(tally.total).toBe(1));
    expect(tally.repeated).toEqual([]);
  });

  it('a process that ends in the middle leaves each letter replayed or there', async () => {
    const { service, tally } = await counted(200);
    const { proxy, through } = await proxyIn(service);
    const first = lettersOf(service, { ...through, retryDelay: 20 });
    const ended = first.replayAll().catch((error: unknown) => error);
    await eventually(() => expect(tally.total).toBeGreaterThan(0));
    proxy.cut();
    await first.close();
    await ended;
    const letters = lettersOf(service);
    const left = await letters.count();
    expect(await letters.replayAll()).toMatchObject({ replayed: left });
    await eventually(() => expect(tally.total).toBe(200));
    expect(tally.repeated).toEqual([]);
  });

  it('an error changes nothing: a stream of a wrong type, memory that is full', async () => {
    const service = new TestService();
    const key = service.keys.dead('service');
    await service.redis.xadd(
      key,
      '*',
      ...['stream', 'bad', 'pattern', 'bad', 'id', '1-0', 'c', '1 json - - 0', 'd', '1'],
    );
    await service.redis.set(service.keys.stream('bad'), 'x');
    const letters = lettersOf(service);
    await expect(letters.replayAll()).rejects.toMatchObject({ code: 'REDIS', outcome: 'not-run' });
    expect(await letters.count()).toBe(1);
    expect(await service.redis.keys(`{${service.prefix}}:replayed:*`)).toEqual([]);
    await service.redis.set(key, 'x');
    await expect(letters.count()).rejects.toMatchObject({ code: 'REDIS' });
  });

  it('without Redis: NOT_CONNECTED in time, or CLOSED', async () => {
    const service = new TestService();
    const nowhere = { ...away, timeout: 300 };
    await expect(lettersOf(service, nowhere).count()).rejects.toMatchObject({
      code: 'NOT_CONNECTED',
      outcome: 'not-run',
    });
    const letters = lettersOf(service, { ...away, timeout: 60_000 });
    const waiting = letters.page();
    await letters.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
