import { eventually } from '../../../tools/wait.js';
import { waiting } from '../../support/scheduled.js';
import { TestService } from '../../support/test-service.js';

// N5: events that are stored once under an id, and what is due later can be taken back.

describe('N5 an event with a message id', () => {
  test('is stored once, whoever emits it again', async () => {
    const service = new TestService();
    const heard: unknown[] = [];
    await service.serve({ events: { told: (data: unknown) => void heard.push(data) } });
    const [one, other] = [await service.connected(), await service.connected()];
    await one.tell('told', 1, { messageId: 'a' });
    await one.tell('told', 2, { messageId: 'a' });
    await other.tell('told', 3, { messageId: 'a' });
    await other.tell('told', 4, { messageId: 'b' });
    await eventually(() => expect(heard).toEqual([1, 4]));
    await one.tell('told', 5);
    await eventually(() => expect(heard).toEqual([1, 4, 5]));
  });

  test('may come again after the window', async () => {
    const service = new TestService();
    const client = await service.connected({ messageIdWindow: 1000 });
    await client.tell('told', 1, { messageId: 'a' });
    const life = await service.redis.pttl(service.keys.sent('told', 'a'));
    expect(life).toBeLessThanOrEqual(1000);
    await service.redis.del(service.keys.sent('told', 'a'));
    await client.tell('told', 2, { messageId: 'a' });
    expect(await service.length('told')).toBe(2);
  });

  test('is another one in another pattern, also of the same lane', async () => {
    const service = new TestService();
    const client = await service.connected({ lanes: { lane: ['told', 'heard'] } });
    for (const pattern of ['told', 'heard']) {
      await client.tell(pattern, 1, { messageId: 'a' });
      await client.tell(pattern, 1, { messageId: 'b', delay: 60_000 });
      await client.tell(pattern, 2, { messageId: 'b' });
    }
    expect(await service.length('lane')).toBe(2);
    expect(await waiting(service, 'lane')).toEqual([2, 2]);
    expect(await client.cancelScheduled('told', 'b')).toBe(true);
    expect(await waiting(service, 'lane')).toEqual([1, 1]);
  });

  test('that was refused may come again', async () => {
    const service = new TestService();
    const client = await service.connected({ maxBacklog: 1 });
    await client.tell('told', 1);
    const full = { code: 'OVERLOADED', outcome: 'not-run' };
    await expect(client.tell('told', 2, { messageId: 'a' })).rejects.toMatchObject(full);
    await service.redis.del(service.stream('told'));
    await client.tell('told', 3, { messageId: 'a' });
    expect(await service.length('told')).toBe(1);
  });

  test('is remembered for so long after it is due', async () => {
    const service = new TestService();
    const client = await service.connected();
    await client.tell('told', 1, { messageId: 'a', delay: 3_600_000 });
    await client.tell('told', 2, { messageId: 'a', delay: 10 });
    await client.tell('told', 3, { messageId: 'a' });
    expect(await waiting(service, 'told')).toEqual([1, 1]);
    expect(await service.length('told')).toBe(0);
    const life = await service.redis.pttl(service.keys.sent('told', 'a'));
    expect(life).toBeGreaterThan(3_600_000);
  });

  test('is refused for a call', async () => {
    const client = await new TestService().connected();
    expect(await client.failure('work', 1, { messageId: 'a' })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('"messageId" is for events') as string,
    });
  });
});

describe('N5 cancelScheduled', () => {
  test.each([[undefined], [null], [5], [{}], [''], ['x'.repeat(257)]])('refuses %j', async (id) => {
    const client = await new TestService().connected();
    const refused = client.cancelScheduled('told', id as string);
    const message = expect.stringContaining('cancelScheduled() takes') as string;
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_OPTION', message });
  });

  test('takes an event back, and its message id', async () => {
    const service = new TestService();
    const heard: unknown[] = [];
    const client = await service.connected();
    const other = await service.connected();
    await client.tell('told', 1, { messageId: 'a', delay: 60_000 });
    expect(await other.cancelScheduled('told', 'a')).toBe(true);
    expect(await other.cancelScheduled('told', 'a')).toBe(false);
    expect(await waiting(service, 'told')).toEqual([0, 0]);
    await service.serve({ events: { told: (data: unknown) => void heard.push(data) } });
    await client.tell('told', 2, { messageId: 'a', delay: 100 });
    await eventually(() => expect(heard).toEqual([2]));
    expect(await client.cancelScheduled('told', 'a')).toBe(false);
  });

  test('takes back what was told by its id, a call too', async () => {
    const service = new TestService();
    const client = await service.connected();
    const ids: string[] = [];
    const onStored = ({ id }: { readonly id: string }) => void ids.push(id);
    await client.tell('told', 1, { delay: 60_000, onStored });
    const failed = client.failure('told', 1, { delay: 2000, timeout: 100, onStored });
    await eventually(() => expect(ids).toHaveLength(2));
    for (const id of ids) expect(await client.cancelScheduled('told', id)).toBe(true);
    expect(await waiting(service, 'told')).toEqual([0, 0]);
    expect(await failed).toMatchObject({ code: 'TIMEOUT' });
  });

  test('leaves alone what has the same message id in the stream that is the lane', async () => {
    const service = new TestService();
    const client = await service.connected({ lanes: { orders: ['orders.created'] } });
    for (const pattern of ['orders', 'orders.created'])
      await client.tell(pattern, 1, { messageId: 'a', delay: 60_000 });
    expect(await waiting(service, 'orders')).toEqual([2, 2]);
    expect(await client.cancelScheduled('orders.created', 'a')).toBe(true);
    expect(await waiting(service, 'orders')).toEqual([1, 1]);
    expect(await client.cancelScheduled('orders', 'a')).toBe(true);
  });

  test('by the id that was told forgets the message id too', async () => {
    const service = new TestService();
    const client = await service.connected({ lanes: { lane: ['told'] } });
    const ids: string[] = [];
    const onStored = ({ id }: { readonly id: string }) => void ids.push(id);
    await client.tell('told', 1, { messageId: 'a', delay: 60_000, onStored });
    expect(ids).toEqual(['a']);
    expect(await client.cancelScheduled('told', 'a')).toBe(true);
    await client.tell('told', 2, { messageId: 'a', delay: 60_000 });
    expect(await waiting(service, 'lane')).toEqual([1, 1]);
  });
});
