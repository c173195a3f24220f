import type { RedisStreamsContext } from 'nestjs-redis-streams';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import type { Handler } from '../../support/handlers.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';
import { lettersOf, Moody, withLetters } from './letters.js';

describe('X13 replaying dead letters', () => {
  it('runs an event again, in one step, and from the first attempt on', async () => {
    const { service, moody } = await withLetters([{ order: 7 }]);
    moody.broken = false;
    const letters = lettersOf(service);
    const { letters: found } = await letters.page();
    const entry = await letters.replay(found[0]!.id);
    expect(entry).toMatch(/^\d+-\d+$/);
    expect(entry).not.toBe(found[0]!.entryId);
    await eventually(() => expect(moody.handled).toEqual([{ order: 7 }]));
    expect(await letters.count()).toBe(0);
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
  });

  it('keeps its headers, and takes new data and headers', async () => {
    const service = new TestService();
    const seen: unknown[] = [];
    let broken = true;
    const handler = (data: unknown, context: RedisStreamsContext): void => {
      if (broken) context.deadLetter();
      else seen.push([data, context.getMetadata(), context.getDeliveryCount()]);
    };
    await service.serve({ events: { happened: handler } });
    const client = await service.connected();
    for (const i of range(3)) await client.tell('happened', i, { headers: { trace: `t${i}` } });
    const letters = lettersOf(service);
    await eventually(async () => expect(await letters.count()).toBe(3));
    broken = false;
    const [as, data, both] = (await letters.page()).letters;
    await letters.replay(as!.id);
    await letters.replay(data!.id, { data: { mended: true } });
    await letters.replay(both!.id, { data: null, headers: { by: 'hand' } });
    await eventually(() => expect(seen).toHaveLength(3));
    expect(seen).toEqual([
      [0, { trace: 't0' }, 1],
      [{ mended: true }, { trace: 't1' }, 1],
      [null, { by: 'hand' }, 1],
    ]);
  });

  it('brings an event to its own group only, and not to the broadcasts beside it', async () => {
    const { service, moody } = await withLetters([1]);
    const others: unknown[] = [];
    const note: Handler = (data: unknown) => void others.push(data);
    await service.serve({ events: { happened: note } }, { group: 'other', history: true });
    await service.serve({ events: { happened: [note, { broadcast: true }] } });
    await eventually(() => expect(others).toEqual([1]));
    moody.broken = false;
    await lettersOf(service).replayAll();
    // The second instance of the service has a handler of its own for what is not broadcast: none.
    await (await service.connected()).tell('happened', 'behind it');
    await eventually(() => expect(others.filter((data) => data === 'behind it')).toHaveLength(2));
    await eventually(() => expect(moody.handled).toContain('behind it'));
    expect(others.filter((data) => data === 1)).toHaveLength(1);
  });

  it('runs a request again for the message handler, although its caller is gone', async () => {
    const service = new TestService();
    const moody = new Moody();
    const events: unknown[] = [];
    await service.serve({
      messages: {
        work: (data: never, context) => {
          if (moody.broken) throw new Error('unexpected');
          return moody.handler(data, context);
        },
      },
      events: { work: (data: unknown) => void events.push(data) },
    });
    const client = await service.connected();
    await service.redis.xadd(
      service.keys.dead('service'),
      '*',
      ...['stream', 'work', 'pattern', 'work', 'id', '1-0', 'reason', 'deliveries', 'error', 'x'],
      ...['deliveries', '4', 'attempts', '1', 'consumer', 'me', 'at', '1'],
      ...['c', `1 json 7 AbCdEfGhIjKlMnOpQrStUv 10`, 'd', '"again"'],
    );
    moody.broken = false;
    const letters = lettersOf(service);
    expect(await letters.replayAll()).toMatchObject({ replayed: 1 });
    await eventually(() => expect(moody.handled).toEqual(['again']));
    expect(events).toEqual([]);
    expect(await service.redis.exists(service.keys.log('AbCdEfGhIjKlMnOpQrStUv'))).toBe(0);
    await client.close();
  });

  it('one that fails again is a dead letter with its history, which a further replay keeps', async () => {
    const { service, moody } = await withLetters([1]);
    const letters = lettersOf(service);
    const [first] = (await letters.page()).letters;
    for (const replayed of [1, 2]) {
      await letters.replayAll();
      await eventually(async () => {
        const [again] = (await letters.page()).letters;
        expect(again).toMatchObject({
          replayed,
          originalId: first!.entryId,
          deliveries: 1,
          attempts: 1,
          data: 1,
        });
        expect(again!.entryId).not.toBe(first!.entryId);
      });
    }
    moody.broken = false;
    await letters.replayAll();
    await eventually(() => expect(moody.handled).toEqual([1]));
  });

  it('replays what is there at the start: what fails again meanwhile is left', async () => {
    const { service } = await withLetters(range(120));
    const letters = lettersOf(service);
    expect(await letters.replayAll()).toEqual({
      replayed: 120,
      skipped: 0,
      full: false,
      more: false,
    });
    await eventually(async () => expect(await letters.count()).toBe(120));
    for (const { replayed } of (await letters.page()).letters) expect(replayed).toBe(1);
  });

  it('filters, and stops at its bound', async () => {
    const { service, moody } = await withLetters(range(20));
    moody.broken = false;
    const letters = lettersOf(service);
    expect(await letters.replayAll({ pattern: 'another' })).toMatchObject({ replayed: 0 });
    expect(await letters.replayAll({ pattern: 'happened' }, { limit: 5 })).toEqual({
      replayed: 5,
      skipped: 0,
      full: false,
      more: true,
    });
    await eventually(() => expect(moody.handled).toHaveLength(5));
    expect([...moody.handled].sort()).toEqual(range(5));
    expect(await letters.replayAll({}, { limit: 15 })).toMatchObject({ replayed: 15, more: false });
    for (const limit of [0, 100_001]) {
      await expect(letters.replayAll({}, { limit })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    }
  });

  it('is refused when the stream is full, and the dead letter stays', async () => {
    const service = new TestService();
    const gate = new Gate();
    let broken = true;
    const handler = async (_: unknown, context: RedisStreamsContext): Promise<void> => {
      if (broken) context.deadLetter();
      else await gate.opened;
    };
    await service.serve({ events: { happened: handler } });
    const client = await service.connected();
    for (const i of range(5)) await client.tell('happened', i);
    const letters = lettersOf(service, { maxBacklog: 2 });
    await eventually(async () => expect(await letters.count()).toBe(5));
    await eventually(async () => expect(await service.pending('happened')).toBe(0));
    broken = false;
    expect(await letters.replayAll()).toEqual({ replayed: 2, skipped: 0, full: true, more: true });
    const [next] = (await letters.page()).letters;
    await expect(letters.replay(next!.id)).rejects.toMatchObject({
      code: 'OVERLOADED',
      outcome: 'not-run',
    });
    expect(await letters.count()).toBe(3);
    gate.open();
  });

  it('needs new data where the old is not whole or cannot be read', async () => {
    const service = new TestService();
    const moody = new Moody();
    moody.broken = false;
    await service.serve({ events: { happened: moody.handler } }, { maxPayloadBytes: 2_000_000 });
    const key = service.keys.stream('happened');
    await service.redis.xadd(key, '*', 'c', 'rubbish', 'd', '1');
    await service.redis.xadd(key, '*', 'c', '1 json - - 0', 'd', `"${'x'.repeat(2_100_000)}"`);
    const letters = lettersOf(service);
    await eventually(async () => expect(await letters.count()).toBe(2));
    expect(await letters.replayAll()).toMatchObject({ replayed: 0, skipped: 2 });
    const found = (await letters.page()).letters;
    for (const { id } of found) {
      await expect(letters.replay(id)).rejects.toMatchObject({ code: 'INVALID_MESSAGE' });
      await expect(letters.replay(id, { data: 'x'.repeat(1_100_000) })).rejects.toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
      });
      await letters.replay(id, { data: id });
    }
    await eventually(() => expect(moody.handled.toSorted()).toEqual(found.map(({ id }) => id)));
  });

  it('an event that may be started once only still may be', async () => {
    const service = new TestService();
    let broken = true;
    let runs = 0;
    const handler = (_: unknown, context: RedisStreamsContext): void => {
      if (broken) context.deadLetter();
      else runs++;
    };
    await service.serve({ events: { happened: handler } });
    await (await service.connected()).tell('happened', 1, { atMostOnce: true });
    const letters = lettersOf(service);
    await eventually(async () => expect(await letters.count()).toBe(1));
    const line = async (): Promise<unknown> =>
      (
        await service.redis.xrevrange(service.keys.stream('happened'), '+', '-', 'COUNT', 1)
      )[0]?.[1][1];
    broken = false;
    await letters.replayAll();
    await eventually(() => expect(runs).toBe(1));
    expect([undefined, '1 json - - 0 once']).toContain(await line());
  });
});

describe('X13 discarding dead letters', () => {
  it('one, and those that fit, within a bound', async () => {
    const { service } = await withLetters(range(6));
    const letters = lettersOf(service);
    const [first] = (await letters.page()).letters;
    await letters.discard(first!.id);
    await letters.discard(first!.id);
    expect(await letters.replay(first!.id)).toBeUndefined();
    expect(await letters.count()).toBe(5);
    expect(await letters.discardAll({ pattern: 'another' })).toBe(0);
    expect(await letters.discardAll({ reason: 'handler' }, { limit: 2 })).toBe(2);
    expect((await letters.page()).letters.map(({ data }) => data)).toEqual([3, 4, 5]);
    expect(await letters.discardAll({})).toBe(3);
    expect(await letters.count()).toBe(0);
  });
});
