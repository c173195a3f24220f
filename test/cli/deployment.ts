import { setTimeout as sleep } from 'node:timers/promises';
import { RetryLater } from 'nestjs-redis-streams';
import { eventually } from '../../tools/wait.js';
import { FilesController } from '../contracts/files.controller.js';
import type { Caller } from '../support/caller.js';
import { Gate } from '../support/gate.js';
import { TestService } from '../support/test-service.js';

/** Services and callers with something of everything that the commands show. */
export interface Deployment {
  readonly prefix: string;
  readonly service: TestService;
  readonly client: Caller;
  /** Lets the handlers that hang go on. */
  readonly held: Gate;
  /** Id of a call that hangs. */
  readonly hanging: string;
  /** An argument of the page with what it stands for here: ids of entries and calls. */
  named(arg: string): string;
  /** The opposite: what a command has written, with the ids that the page has. */
  shown(text: string): string;
}

/**
 * Three services: `orders` answers calls and hears events, one of which fails; `media` serves a contract; nobody hears
 * `orders.archived`.
 */
export async function deployment(url?: string): Promise<Deployment> {
  const service = new TestService(url === undefined ? {} : { url });
  const held = new Gate();
  const hang = () => held.opened.then(() => 'done');
  const fail = ({ id }: { id?: string }) => {
    if (id !== undefined) return;
    const error = new TypeError('an order without an id');
    // The page shows no paths of this machine.
    error.stack = `${error.name}: ${error.message}\n    at OrdersController.placed (/app/orders.js:24:13)`;
    throw error;
  };
  const later = () => {
    throw new RetryLater(600_000);
  };
  const prices = async function* () {
    for (const total of [19.5, 18, 17.25]) {
      yield { total };
      await sleep(1);
    }
  };
  const messages = {
    'orders.price': ({ id }: { id: string }) => ({ id, total: 19.5 }),
    'orders.prices': prices,
    'orders.pack': [hang, { concurrency: 1 }] as const,
    'orders.refuse': () => {
      throw new Error('no such order');
    },
  };
  const events = {
    'orders.placed': [fail, { retry: { attempts: 1 } }] as const,
    'orders.paid': later,
  };
  await service.serve({ messages, events }, { group: 'orders', drainTimeout: 0 });
  await service.serveModule({ controllers: [FilesController] }, { group: 'media' });
  const client = await service.connected();
  for (const n of [1, 2]) {
    client.call('orders.pack', n, { timeout: 600_000 }).catch(() => undefined);
    // One by one: two in one turn might travel in one entry.
    await eventually(async () => expect(await service.length('orders.pack')).toBe(n));
  }
  // What waits longest stands first: the calls wait visibly longer than the events.
  await eventually(async () => {
    const stored = await service.redis.xrange(service.stream('orders.pack'), '-', '+');
    expect(stored).toHaveLength(2);
    const [seconds = 0, micros = 0] = (await service.redis.time()).map(Number);
    const age = seconds * 1000 + micros / 1000 - Number.parseInt(stored[1]?.[0] ?? '', 10);
    expect(age).toBeGreaterThan(100);
  });
  const told = ['orders.placed', 'orders.placed', 'orders.paid', 'orders.archived'];
  await Promise.all(told.map((pattern) => client.tell(pattern, { total: 1 })));
  await eventually(async () => {
    expect(await service.deadLetters('orders')).toHaveLength(2);
    expect(await service.pending('orders.pack', 'orders')).toBe(1);
    expect(await service.redis.hlen(service.keys.due('orders.paid'))).toBe(1);
  });
  const [line = ''] = await service.headerLines('orders.pack');
  const [, , number = '', caller = ''] = line.split(' ');
  const hanging = `${client.callerId}/${/^\d+$/.test(number) && caller !== '' ? number : ''}`;
  const letters = await service.redis.xrange(service.keys.dead('orders'), '-', '+');
  const names = new Map([
    ['1763640000000-0', letters[0]?.[0] ?? ''],
    ['1763640000001-0', letters[1]?.[0] ?? ''],
    ['AbCdEfGhIjKlMnOpQrStUv/10000000001', hanging],
  ]);
  const named = (arg: string) => names.get(arg) ?? arg;
  const shown = (text: string) =>
    [...names].reduce((left, [name, stands]) => left.replaceAll(stands, name), text);
  return { prefix: service.prefix, service, client, held, hanging, named, shown };
}
