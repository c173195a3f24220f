import { pass } from '../../../tools/tcp-proxy/modes.js';
import type { Mode, Passage } from '../../../tools/tcp-proxy/passage.js';
import { eventually } from '../../../tools/wait.js';
import { Gate } from '../../support/gate.js';
import { Instance } from '../../support/instance.js';
import { proxyIn } from '../../support/proxy.js';
import { startDurableRedis, startPrivateRedis } from '../../support/redis-process.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

/** A grace and two looks: whoever seemed dead since is taken over by then. */
const LONG_ENOUGH = 4500;

/** Connections end as soon as something is asked on them. */
const refusing: Mode = { ...pass, request: (_, passage) => passage.destroy() };

/** Resolves when the group was looked at so many milliseconds from now. */
async function looked(service: TestService, ms: number): Promise<void> {
  const from = Date.now();
  await eventually(async () => {
    const at = await service.redis.hget(service.keys.sockets('service'), 'looked at');
    expect(Number(at)).toBeGreaterThan(from + ms);
  }, ms + 15_000);
}

/** Ids noted by each live instance. */
async function noted(service: TestService): Promise<Map<string, string[]>> {
  const all = await service.redis.hgetall(service.keys.sockets('service'));
  const instances = Object.entries(all).filter(([name]) => name !== 'looked at');
  return new Map(instances.map(([name, note]) => [name, note.split(' ').slice(3)]));
}

/** An instance in this process that keeps its call until the gate opens, and says under which name it answers. */
async function holder(service: TestService, through = service.address) {
  const gate = new Gate();
  const names: string[] = [];
  const work = async (_: unknown, context: { getConsumer(): string }) => {
    names.push(context.getConsumer());
    await gate.opened;
    return 'holder';
  };
  await service.serve({ messages: { work } }, through);
  const client = await service.connected();
  const call = client.call('work');
  await eventually(() => expect(names).toHaveLength(1));
  await eventually(async () => expect((await noted(service)).get(names[0]!)).toHaveLength(3));
  return { gate, names, call };
}

/** Another instance of the service, and what it ran. */
async function heir(service: TestService) {
  const ran: unknown[] = [];
  const work = (data: unknown) => {
    ran.push(data);
    return 'heir';
  };
  await service.serve({ messages: { work } });
  return ran;
}

describe('an instance without connections', () => {
  it('that was killed: its calls are answered by another within seconds, with default options', async () => {
    const service = new TestService();
    const victim = await Instance.start(service.serverOptions);
    const client = await service.connected();
    const calls = range(5).map((key) => client.call('work', { key, hold: true }));
    await eventually(() => expect(victim.of('started')).toHaveLength(5));
    await eventually(async () => {
      const [ids] = (await noted(service)).values();
      expect(ids).toHaveLength(3);
    });
    await heir(service);
    const died = performance.now();
    await victim.kill();
    expect(await Promise.all(calls)).toEqual(range(5).map(() => 'heir'));
    expect(performance.now() - died).toBeLessThan(6000);
  }, 60_000);

  it('that is killed alone: the next one takes over what it held before the lease has ended', async () => {
    const service = new TestService();
    const victim = await Instance.start(service.serverOptions);
    const client = await service.connected();
    const call = client.call('work', { key: 1, hold: true });
    await eventually(() => expect(victim.of('started')).toHaveLength(1));
    const died = performance.now();
    await victim.kill();
    await heir(service);
    expect(await call).toBe('heir');
    expect(performance.now() - died).toBeLessThan(9000);
  }, 60_000);

  it('for a second keeps everything: it is back within its grace', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { gate, names, call } = await holder(service, through);
    const ran = await heir(service);
    const before = (await noted(service)).get(names[0]!);
    proxy.greet(refusing);
    proxy.cut();
    await looked(service, 0);
    setTimeout(() => proxy.greet(pass), 500);
    await eventually(async () => {
      const ids = (await noted(service)).get(names[0]!);
      expect(ids).toHaveLength(3);
      expect(ids).not.toEqual(before);
    });
    await looked(service, LONG_ENOUGH);
    gate.open();
    expect(await call).toBe('holder');
    expect(ran).toEqual([]);
    expect(await service.redis.exists(service.keys.lease(names[0]!))).toBe(1);
  }, 60_000);

  it('for commands keeps everything: the others tell that it lives', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { gate, names, call } = await holder(service, through);
    const ran = await heir(service);
    const before = (await noted(service)).get(names[0]!);
    // That for commands comes back, so that the others may follow, and ends for good when they do.
    let followed = false;
    const leading: Mode = {
      ...pass,
      request: (chunk, passage) => {
        if (/server:(reader|subscriber):/.test(passage.sent)) followed = true;
        const isLeading = (one: Passage): boolean => one.sent.includes('server:commands:');
        if (followed) for (const one of [...proxy.passages].filter(isLeading)) one.destroy();
        if (!followed || !isLeading(passage)) passage.toRedis(chunk);
      },
    };
    proxy.greet(leading);
    proxy.cut();
    await eventually(() => expect(followed).toBe(true));
    await looked(service, LONG_ENOUGH);
    const ids = (await noted(service)).get(names[0]!);
    expect(ids).not.toEqual(before);
    expect(proxy.passages.size).toBeGreaterThan(0);
    proxy.treat(pass);
    gate.open();
    expect(await call).toBe('holder');
    expect(ran).toEqual([]);
    expect(await service.redis.get(service.keys.lease(names[0]!))).not.toBe('+');
  }, 60_000);

  it('for longer than its grace is taken over, and goes on under another name', async () => {
    const service = new TestService();
    const { proxy, through } = await proxyIn(service);
    const { gate, names, call } = await holder(service, through);
    const ran = await heir(service);
    proxy.greet(refusing);
    proxy.cut();
    expect(await call).toBe('heir');
    proxy.greet(pass);
    gate.open();
    await eventually(async () => {
      const instances = await noted(service);
      expect(instances.size).toBe(2);
      expect(instances.has(names[0]!)).toBe(false);
    });
    expect(ran).toHaveLength(1);
    expect(await service.pending('work')).toBe(0);
  }, 60_000);

  it('because an operator ended all of them keeps everything', async () => {
    const redis = await startPrivateRedis();
    onTestFinished(() => redis.stop());
    const service = new TestService({ url: redis.url });
    const { gate, names, call } = await holder(service);
    const ran = await heir(service);
    for (const type of ['NORMAL', 'PUBSUB'])
      await service.redis.call('CLIENT', 'KILL', 'TYPE', type);
    await looked(service, LONG_ENOUGH);
    gate.open();
    expect(await call).toBe('holder');
    expect(ran).toEqual([]);
    expect(await service.redis.get(service.keys.lease(names[0]!))).not.toBe('+');
  }, 60_000);

  it('because Redis was started again keeps everything: ids of another life say nothing', async () => {
    const redis = await startDurableRedis();
    const service = new TestService({ url: redis.url });
    const { gate, names, call } = await holder(service);
    const ran = await heir(service);
    // Nobody renews this one, and its owner is gone when Redis is back.
    const key = service.keys.sockets('service');
    await service.redis.hset(key, 'ghost', (await service.redis.hget(key, names[0]!))!);
    await redis.kill();
    await redis.restart();
    await looked(service, LONG_ENOUGH);
    expect(await service.redis.exists(service.keys.lease('ghost'))).toBe(0);
    gate.open();
    expect(await call).toBe('holder');
    expect(ran).toEqual([]);
    expect(await service.redis.get(service.keys.lease(names[0]!))).not.toBe('+');
  }, 60_000);
});

it('an instance that stands still for less than its lease keeps everything: its connections are there', async () => {
  const service = new TestService();
  const frozen = await Instance.start(service.serverOptions);
  const client = await service.connected();
  const call = client.call('work', { key: 1, hold: true });
  await eventually(() => expect(frozen.of('started')).toHaveLength(1));
  const ran = await heir(service);
  frozen.freeze();
  await looked(service, LONG_ENOUGH);
  frozen.thaw();
  frozen.finish(1);
  expect(await call).toMatchObject({ key: 1, consumer: frozen.of('started')[0]!.consumer });
  expect(ran).toEqual([]);
  expect(frozen.of('aborted')).toEqual([]);
}, 60_000);
