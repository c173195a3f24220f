import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { callerId } from '../../support/brokers.js';
import { lettersOf, withLetters } from './letters.js';

const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** Puts a letter there by hand. */
const put = (service: TestService, changes: Record<string, string> = {}): Promise<string | null> =>
  service.redis.xadd(
    service.keys.dead('service'),
    '*',
    ...Object.entries({
      stream: 'a',
      pattern: 'a',
      id: '1-0',
      reason: 'attempts',
      error: 'x',
      deliveries: '1',
      attempts: '3',
      consumer: 'me',
      at: '1000',
      c: '1 json - - 0',
      d: '1',
      ...changes,
    }).flat(),
  );

describe('X13 looking at dead letters', () => {
  it('shows the entry as it was, and what happened to it', async () => {
    const { service } = await withLetters([{ order: 7 }]);
    const [letter] = await collect(lettersOf(service).list());
    expect(letter).toMatchObject({
      reason: 'handler',
      error: 'cannot handle {"order":7}',
      pattern: 'happened',
      stream: 'happened',
      kind: 'event',
      deliveries: 1,
      attempts: 1,
      data: { order: 7 },
      text: '{"order":7}',
      codec: 'json',
      headers: {},
      replayed: 0,
      replayable: true,
      broadcast: false,
    });
    expect(letter!.originalId).toBe(letter!.entryId);
    expect(Math.abs(letter!.at - Date.now())).toBeLessThan(60_000);
    expect(await lettersOf(service).get(letter!.id)).toEqual(letter);
  });

  it('pages through them, oldest first, each once', async () => {
    const service = new TestService();
    for (const i of range(230)) await put(service, { d: String(i) });
    const letters = lettersOf(service);
    expect(await letters.count()).toBe(230);
    const seen: unknown[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await letters.page({}, { limit: 60, ...(after === undefined ? {} : { after }) });
      seen.push(...page.letters.map(({ data }) => data));
      after = page.next;
      pages++;
    } while (after !== undefined);
    expect(pages).toBe(4);
    expect(seen).toEqual(range(230));
    expect((await collect(letters.list())).map(({ data }) => data)).toEqual(range(230));
  });

  it('filters by pattern, reason and time, and knows no other filters', async () => {
    const service = new TestService();
    const first = await put(service, { pattern: 'a', d: '0' });
    await eventually(async () => {
      const [seconds, micros] = await service.redis.time();
      expect(Number(seconds) * 1000 + Number(micros) / 1000).toBeGreaterThan(
        Number.parseInt(first!, 10) + 1,
      );
    });
    const second = await put(service, { pattern: 'b', reason: 'deliveries', d: '1' });
    const at = Number.parseInt(second!, 10);
    const letters = lettersOf(service);
    const found = async (filter: object): Promise<unknown[]> =>
      (await letters.page(filter)).letters.map(({ data }) => data);
    expect(await found({ pattern: 'a' })).toEqual([0]);
    expect(await found({ reason: 'deliveries' })).toEqual([1]);
    expect(await found({ since: at })).toEqual([1]);
    expect(await found({ until: at })).toEqual([0]);
    expect(await found({ pattern: 'a', reason: 'deliveries' })).toEqual([]);
    for (const wrong of [{ paterns: 'a' }, { since: 'yesterday' }, { until: -1 }]) {
      await expect(found(wrong)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    for (const limit of [0, 1001, 1.5]) {
      await expect(letters.page({}, { limit })).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
  });

  it('shows what cannot be read or is not whole, and takes no harm', async () => {
    const service = new TestService();
    await put(service, { c: 'rubbish', reason: 'malformed' });
    await put(service, { d: '{"__proto__":{"admin":true}}', h: '{"__proto__":{"a":"b"}}' });
    await service.redis.xadd(service.keys.dead('service'), '*', 'odd', 'letter');
    await put(service, { c: `1 b64 7 ${callerId()} 10`, d: 'AAEC' });
    const [bad, hostile, odd, binary] = await collect(lettersOf(service).list());
    expect(bad).toMatchObject({ kind: 'unreadable', codec: undefined, replayable: false });
    expect(hostile).toMatchObject({ data: undefined, headers: {}, text: expect.any(String) });
    expect(odd).toMatchObject({ pattern: '', text: undefined, replayable: false });
    expect(binary).toMatchObject({ kind: 'request', codec: 'b64', text: 'AAEC', data: undefined });
    expect(Object.hasOwn(Object.prototype, 'admin')).toBe(false);
  });

  it('a letter that is not there, an id that is none, a group that is none', async () => {
    const service = new TestService();
    const letters = lettersOf(service);
    expect(await letters.get('1-1')).toBeUndefined();
    expect(await letters.page()).toEqual({ letters: [], next: undefined });
    for (const id of ['', 'x', '1', '1-1-1', '9/1-1', '-']) {
      await expect(letters.get(id)).rejects.toMatchObject({ code: 'INVALID_OPTION' });
    }
    for (const group of ['', 'a b', '{a}']) {
      expect(() => lettersOf(service, { group })).toThrow(/group/);
    }
    expect(() => lettersOf(service, { maxBacklogs: 1 } as object)).toThrow(/maxBacklog/);
  });

  it('looks into every shard', async () => {
    const service = new TestService();
    const shards = { shards: 4 };
    const events = Object.fromEntries(
      range(8).map((i) => [`p${i}`, (_: unknown, ctx: { deadLetter(): void }) => ctx.deadLetter()]),
    );
    await service.serve({ events }, shards);
    const client = await service.connected(shards);
    await Promise.all(range(8).map((i) => client.tell(`p${i}`, i)));
    const letters = lettersOf(service, shards);
    await eventually(async () => expect(await letters.count()).toBe(8));
    const all = await collect(letters.list());
    expect(new Set(all.map(({ data }) => data))).toEqual(new Set(range(8)));
    expect(new Set(all.map(({ id }) => id.split('/')[0])).size).toBeGreaterThan(1);
    for (const letter of all) expect(await letters.get(letter.id)).toEqual(letter);
    const { letters: some, next } = await letters.page({}, { limit: 3 });
    const { letters: rest } = await letters.page({}, { after: next! });
    expect([...some, ...rest]).toEqual(all);
    await letters.discard(all[7]!.id);
    expect(await letters.replayAll()).toMatchObject({ replayed: 7, more: false });
  });

  it('those of a broadcast are with the others, and stay', async () => {
    const service = new TestService();
    const give = (_: unknown, context: { deadLetter(): void }): void => context.deadLetter();
    await service.serve({ events: { news: [give, { broadcast: true }] } });
    await (await service.connected()).tell('news', 1);
    const letters = lettersOf(service);
    await eventually(async () => expect(await letters.count()).toBe(1));
    const [letter] = await collect(letters.list());
    expect(letter).toMatchObject({ broadcast: true, replayable: false, data: 1 });
    await expect(letters.replay(letter!.id, { data: 2 })).rejects.toMatchObject({
      code: 'INVALID_MESSAGE',
    });
    expect(await letters.replayAll()).toEqual({
      replayed: 0,
      skipped: 1,
      full: false,
      more: false,
    });
    expect(await letters.count()).toBe(1);
  });
});
