import type { Redis } from 'ioredis';
import { requestLine } from '../../support/brokers.js';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';

/** An instance whose handler of `work` starts a call once; it has started one. */
async function started(service: TestService, leaseTtl = 10_000) {
  let consumer = '';
  const work = (key: unknown, context: { getConsumer(): string }) => {
    consumer = context.getConsumer();
    return key;
  };
  const messages = { work: [work, { atMostOnce: true }] as const };
  const server = await service.serve({ messages }, { leaseTtl });
  const client = await service.connected();
  expect(await client.call('work', 1)).toBe(1);
  return { server, client, consumer };
}

/** A call that Redis lists as handed out to this consumer and started once, and as nothing else. */
async function leaveStart(service: TestService, consumer: string, caller: string): Promise<void> {
  const { keys, redis } = service;
  const id = `${Date.now() + 5}-0`;
  await redis
    .multi()
    .xadd(keys.stream('work'), id, 'c', requestLine(caller), 'd', '1')
    .xgroup('SETID', keys.stream('work'), 'service', id)
    .hset(keys.started('work'), `service ${id}`, consumer)
    .exec();
}

const isGone = (service: TestService) => async () => {
  expect(await service.redis.exists(service.keys.started('work'))).toBe(0);
  expect(await service.length('work')).toBe(0);
};

describe('L18: what is started once', () => {
  it('is announced as such again as soon as Redis turns out to have lost the lease', async () => {
    const service = new TestService();
    // Long before the next renewal.
    const { client, consumer } = await started(service, 60_000);
    const { keys, redis } = service;
    await redis.del(keys.lease(consumer), keys.live('work'));
    expect(await client.call('work', 2, { whenNoConsumer: 'wait' })).toBe(2);
    const announced = () => redis.zrangebyscore(keys.live('work'), '(0', '+inf');
    const member = `service ${consumer} packs once`;
    await eventually(async () => expect(await announced()).toEqual([member]));
  });

  it('is ended by its own instance when Redis has lost its settlement', async () => {
    const service = new TestService();
    const { server, client, consumer } = await started(service);
    await leaveStart(service, consumer, client.callerId);
    const [commands] = server.unwrap<Redis[]>();
    commands!.disconnect();
    await eventually(isGone(service));
    // Its instance goes on, under the same name.
    expect(await client.call('work', 2)).toBe(2);
    expect(await service.consumers('work')).toEqual([consumer]);
  });

  it('is ended so even if Redis did not know its lease when it came back', async () => {
    const service = new TestService();
    const { client, consumer } = await started(service, 1500);
    await leaveStart(service, consumer, client.callerId);
    // With the next renewal, on the connection that there is.
    await eventually(isGone(service));
    expect(await service.consumers('work')).toEqual([consumer]);
  });

  it('is ended by others when its group has forgotten which consumer started it', async () => {
    const service = new TestService();
    const { client } = await started(service, 1000);
    await leaveStart(service, 'ghost', client.callerId);
    await eventually(isGone(service));
    expect(await service.redis.get(service.keys.lease('ghost'))).toBe('+');
  });
});
