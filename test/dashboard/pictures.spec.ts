import { RetryLater } from 'nestjs-redis-streams';
import { readOverview } from 'nestjs-redis-streams/operate';
import { vi } from 'vitest';
import {
  History,
  type Point,
} from '../../libs/redis-stream-transport/src/dashboard/live/history.js';
import { eventually } from '../../tools/wait.js';
import { Gate } from '../support/gate.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';
import { Chromium, chromiumAt } from './browser.js';
import { servedPage } from './page.js';

// `PRINT_DASHBOARD=1` draws the pictures of the docs anew. Otherwise nothing of this runs.

const PRINTS = process.env['PRINT_DASHBOARD'] === '1' && chromiumAt() !== undefined;
const browser = new Chromium();

/** A shop on a busy morning. */
async function shop() {
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  const service = new TestService({ url: server.url, prefix: 'shop' });
  const held = new Gate();
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const fail = ({ id }: { id?: string }) => {
    if (id !== undefined) return;
    const error = new TypeError("Cannot read properties of undefined (reading 'street')");
    error.stack = `${error.name}: ${error.message}
    at ShippingService.label (/app/dist/shipping/shipping.service.js:41:32)
    at OrdersController.placed (/app/dist/orders/orders.controller.js:24:13)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)`;
    throw error;
  };
  const later = () => {
    throw new RetryLater(45_000);
  };
  const orders = {
    messages: {
      'orders.price': async () => ({ total: (await pause(4), 19.5) }),
      'orders.reserve': async () => ({ reserved: (await pause(30), true) }),
      'orders.pack': [() => held.opened, { concurrency: 2 }] as const,
    },
    events: { 'orders.placed': [fail, { retry: { attempts: 1 } }] as const },
  };
  const stock = {
    messages: { 'stock.take': async () => (await pause(8), 4) },
    events: { 'stock.low': later },
  };
  await service.serve(orders, { group: 'orders', drainTimeout: 0 });
  await service.serve(orders, { group: 'orders', drainTimeout: 0 });
  await service.serve(stock, { group: 'stock', drainTimeout: 0 });
  await service.serve(
    { events: { 'orders.placed': async () => void (await pause(2)) } },
    { group: 'audit' },
  );
  const client = await service.connected();
  for (let n = 0; n < 5; n++) {
    void client.call('orders.pack', n, { timeout: 600_000 }).catch(() => undefined);
    await pause(20);
  }
  for (const total of [129, 19.5, 48]) {
    const order = { customer: 'c-20931', total, address: { city: 'Lyon' } };
    await client.tell('orders.placed', order, { headers: { tenant: 'fr', source: 'web' } });
  }
  await client.tell('stock.low', { article: 'lamp', left: 2 });
  for (const hours of [1, 2, 24])
    await client.tell('stock.low', { article: 'chair' }, { delay: hours * 3_600_000 });
  await eventually(async () => expect(await service.deadLetters('orders')).toHaveLength(3));
  const ends = new AbortController();
  const traffic = async () => {
    for (let n = 0; !ends.signal.aborted; n++) {
      const calls = Array.from({ length: 3 + Math.round(2 * Math.sin(n / 9)) }, (_, i) =>
        client.call(['orders.price', 'orders.reserve', 'stock.take'][i % 3] as string, {
          id: `a${n}`,
        }),
      );
      if (n % 4 === 0) await client.tell('orders.placed', { id: `a${n}` });
      await Promise.allSettled(calls);
      await pause(12);
    }
  };
  const running = traffic();
  onTestFinished(async () => {
    ends.abort();
    held.open();
    await running;
  });
  return service;
}

/** A quarter of an hour that nobody has to wait for: as the load of such a morning comes and goes. */
function morning(now: number): Point[] {
  return Array.from({ length: 445 }, (_, i): Point => {
    const wave = 1 + 0.35 * Math.sin(i / 40) + 0.12 * Math.sin(i / 7) + 0.05 * Math.sin(i * 2.3);
    const burst = i > 250 && i < 310 ? Math.sin(((i - 250) / 60) * Math.PI) : 0;
    const came = 110 * wave + 160 * burst;
    const done = 110 * wave + 90 * Math.max(0, burst) + (i >= 310 && i < 345 ? 45 : 0);
    const unread = Math.round(6 + 4 * Math.sin(i / 11) + 520 * burst);
    const pending = Math.round(9 + 5 * Math.sin(i / 5) + 60 * burst);
    return [
      now - (445 - i) * 2000,
      came,
      done,
      unread,
      pending,
      900 + 14_000 * burst + 400 * Math.sin(i / 13),
      9 + 2 * Math.sin(i / 17) + 14 * burst,
      41 + 6 * Math.sin(i / 9) + 120 * burst,
      i > 300 && i < 330 ? 6 * Math.sin(((i - 300) / 30) * Math.PI) : 0.3 + 0.3 * Math.sin(i / 23),
    ];
  });
}

describe.runIf(PRINTS)('pictures of the page', () => {
  beforeAll(() => browser.start());
  afterAll(() => browser.stop());

  it('are drawn', { timeout: 120_000 }, async () => {
    vi.stubEnv('npm_package_name', 'shop-gateway');
    const service = await shop();
    const total = vi.spyOn(History.prototype, 'total').mockImplementation(morning);
    onTestFinished(() => total.mockRestore());
    const page = await servedPage({
      ...{ ...service.address, readOnly: false, interval: 1000 },
      auth: () => ({ name: 'ada' }),
    });
    const { backlog } = await readOverview(service.address);
    expect(backlog.deadLetters).toEqual({ orders: 3 });
    const [letter] = await service.redis.xrange(service.keys.dead('orders'), '-', '+');
    const dark = { colorScheme: 'dark' } as const;
    const looks = [
      ['overview', '', {}],
      ['overview-dark', '', dark],
      ['dead-letters', 'dead/orders', {}],
      ['dead-letter', `letter/orders/${letter?.[0] ?? ''}`, { height: 1150 }],
      ['instances', 'instances', dark],
      ['phone', '', { ...dark, width: 390, height: 844 }],
    ] as const;
    for (const [name, path, look] of looks) {
      const visit = await browser.open(page, path, look);
      await visit.page
        .getByText(/Asking Redis|Looking at Redis/)
        .first()
        .waitFor({ state: 'detached' });
      await visit.page.locator('.pulse.live').waitFor();
      // Rates are there from the second look on.
      await visit.page.waitForTimeout(2500);
      await visit.picture(name);
      await browser.tidy();
    }
  });
});
