import type { Registry } from 'prom-client';
import { DeadLetter, RetryLater } from 'nestjs-redis-streams';
import { pausePattern, readServices } from 'nestjs-redis-streams/operate';
import { onTestFinished, vi } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { asOnThePage } from '../cli/page.js';
import type { Caller } from '../support/caller.js';
import { Gate } from '../support/gate.js';
import { Instance } from '../support/instance.js';
import { scraped } from '../metrics/scraped.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';

/** The request that is followed from service to service. */
export const CORRELATION = 'order-7';

/** A deployment in which each of the fourteen questions has one true answer. */
export interface Deployment {
  readonly url: string;
  /** What Prometheus reads of this process. */
  readonly registry: Registry;
  readonly service: TestService;
  readonly client: Caller;
  /** Two instances of `shipping`: this process, and another one. */
  readonly shipping: readonly { readonly instance: string; readonly inFlight: number }[];
  /** The call that an instance had that was killed. */
  readonly takenOver: { readonly call: string };
  /** The call that passed through three services. */
  readonly followed: string;
}

/** Instances of `shipping` as the runbook names them: a table is as wide as these names, and shows them in their order. */
const HERE = 'web-1-4711';
const OTHER = { host: 'web-2', pid: 4712 };

/** Counts what is in flight here. */
class Holding {
  private readonly gate = new Gate();
  inFlight = 0;
  readonly deliveries: number[] = [];

  hold = async (_: unknown, context: { getDeliveryCount(): number }): Promise<string> => {
    this.inFlight++;
    this.deliveries.push(context.getDeliveryCount());
    await this.gate.opened;
    return 'done';
  };

  open(): void {
    this.gate.open();
  }
}

/** Of the entry that stands first in a stream: the id of its call, as logs have it. */
async function callIn(service: TestService, pattern: string): Promise<string> {
  const [line = ''] = await service.headerLines(pattern);
  const [, , number = '', caller = ''] = line.split(' ');
  return `${caller}/${number}`;
}

/** One instance of `shipping` is killed while it has a call, which another one takes over and holds. */
async function takeOver(service: TestService, client: Caller, here: Holding) {
  // A short lease, so that who is killed is soon counted no more.
  const options = { ...service.address, group: 'shipping', drainTimeout: 0, leaseTtl: 4000 };
  const killed = await Instance.start(options, 'shipping.label');
  const held = { key: 'first', hold: true };
  client.call('shipping.label', held, { timeout: 600_000 }).catch(() => undefined);
  await eventually(() => expect(killed.keys('started')).toEqual(['first']));
  const call = await callIn(service, 'shipping.label');
  await service.serve({ messages: { 'shipping.label': here.hold } }, options);
  await killed.kill();
  await eventually(() => expect(here.deliveries).toEqual([2]), 20_000);
  // Its lease ends, too.
  await eventually(async () => {
    const [shippers] = await readServices({ url: service.url, prefix: service.prefix });
    expect(shippers?.instances).toHaveLength(1);
  }, 20_000);
  const other = await Instance.start(options, 'shipping.label', {}, OTHER);
  // One by one: those of one turn might travel in one entry.
  for (const [n, key] of ['second', 'third', 'fourth'].entries()) {
    client.call('shipping.label', { key, hold: true }, { timeout: 600_000 }).catch(() => undefined);
    await eventually(() => expect(here.inFlight + other.of('started').length).toBe(n + 2));
  }
  const shipping = [
    { instance: HERE, inFlight: here.inFlight },
    { instance: `${OTHER.host}-${OTHER.pid}`, inFlight: other.of('started').length },
  ];
  return { shipping, takenOver: { call } };
}

/** `orders.place` asks `inventory`, which holds it, and tells `mail`. */
async function serveOrders(service: TestService, here: Holding): Promise<void> {
  const nested = await service.connected();
  const headers = { 'x-correlation-id': CORRELATION };
  const timeout = 600_000;
  const place = async () => {
    await nested.tell('orders.placed', { id: 7 }, { headers });
    return nested.call('stock.take', { id: 7 }, { headers, timeout });
  };
  let prices = 0;
  const price = ({ id }: { id: string }) => {
    if (prices++ % 4 === 3) throw new Error('no such order');
    return { id, total: 19.5 };
  };
  const report = () => new Promise((resolve) => setTimeout(resolve, 300, 'done'));
  const messages = {
    'orders.place': place,
    'orders.price': price,
    'orders.report': report,
    'orders.prices': price,
    'orders.pack': [here.hold, { concurrency: 1 }] as const,
  };
  await service.serve({ messages }, { group: 'orders', drainTimeout: 0 });
  await service.serve(
    { messages: { 'stock.take': here.hold } },
    { group: 'inventory', drainTimeout: 0 },
  );
}

/** Hears of orders: with one it has a reason to give up at once, with another it fails; payments wait for a while. */
async function serveMail(service: TestService): Promise<void> {
  const placed = ({ id }: { id?: number }) => {
    if (id === 7) return;
    if (id === undefined) throw new DeadLetter('an order without an id');
    const error = new TypeError('no address');
    error.stack = `${error.name}: ${error.message}\n    at MailController.placed (/app/mail.js:12:9)`;
    throw error;
  };
  const paid = () => {
    throw new RetryLater(3_600_000);
  };
  const events = {
    'orders.placed': [placed, { retry: { attempts: 1 } }] as const,
    'orders.paid': paid,
  };
  await service.serve({ events }, { group: 'mail', drainTimeout: 0 });
}

/** An instance says of itself that it is of an earlier version: the one that tables show first. */
async function beOld(service: TestService): Promise<void> {
  const facts = service.keys.facts('shipping');
  const [name, said] = await eventually(async () => {
    const all = Object.entries(await service.redis.hgetall(facts));
    const found = all.find(([one]) => one.startsWith(`${HERE}-`));
    expect(found).toBeDefined();
    return found as [string, string];
  });
  const older = { ...(JSON.parse(said) as object), library: '0.0.9' };
  await service.redis.hset(facts, name, JSON.stringify(older));
}

/** Calls of `orders.price` go on, one of four of which fails, and calls of `orders.report`, which take 300 ms. */
export function traffic(client: Caller): void {
  const over = new AbortController();
  const worker = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const calls = ['orders.price', 'orders.price', 'orders.report'].map((pattern) =>
        client.call(pattern, { id: 'o-1' }).catch(() => undefined),
      );
      await Promise.all(calls);
    }
  };
  const working = worker();
  onTestFinished(async () => {
    over.abort();
    await working;
  });
}

/** Makes the deployment, on a Redis of its own, for as long as the test runs. */
export async function deployment(): Promise<Deployment> {
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  // After the server, whose owner is this process.
  asOnThePage();
  vi.stubEnv('npm_package_name', 'shop');
  onTestFinished(() => void vi.unstubAllEnvs());
  const service = new TestService({ url: server.url, prefix: 'nrs' });
  // Before anything connects: what happened before is not counted.
  const { registry } = scraped({ gauges: { url: server.url, prefix: 'nrs', interval: 1000 } });
  const here = new Holding();
  const orders = new Holding();
  const client = await service.connected();
  const { shipping, takenOver } = await takeOver(service, client, here);
  await serveOrders(service, orders);
  await serveMail(service);
  await beOld(service);
  const long = { timeout: 600_000 };
  const given = (pattern: string, data: unknown = {}, options = {}) =>
    client.call(pattern, data, { ...long, ...options }).catch(() => undefined);
  void given('orders.place', {}, { headers: { 'x-correlation-id': CORRELATION } });
  await eventually(async () => expect(await service.length('stock.take')).toBe(1));
  const followed = await callIn(service, 'orders.place');
  for (const n of [1, 2, 3]) {
    void given('orders.pack', n);
    // One by one: those of one turn might travel in one entry.
    await eventually(async () => expect(await service.length('orders.pack')).toBe(n));
  }
  for (let n = 0; n < 8; n++) await given('orders.price', { id: `o-${n}` });
  await given('orders.report');
  await client.tell('orders.paid', { id: 1 });
  await client.tell('orders.placed', { total: 1 });
  for (const id of [1, 2]) await client.tell('orders.placed', { id });
  await pausePattern(
    { url: server.url, prefix: 'nrs' },
    { pattern: 'orders.prices', reason: 'the price list is being moved' },
  );
  void given('orders.prices');
  await eventually(async () => {
    expect(await service.deadLetters('mail')).toHaveLength(3);
    expect(await service.redis.hlen(service.keys.due('orders.paid'))).toBe(1);
    expect(await service.length('orders.prices')).toBe(1);
    expect(await service.pending('orders.pack', 'orders')).toBe(1);
  });
  onTestFinished(() => {
    here.open();
    orders.open();
  });
  return { url: server.url, registry, service, client, shipping, takenOver, followed };
}
