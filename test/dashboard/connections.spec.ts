import { KeptConnections, readOverview } from 'nestjs-redis-streams/operate';
import { eventually } from '../../tools/wait.js';
import { redis } from '../support/redis.js';
import { startPrivateRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';
import { events, servedPage } from './page.js';

/**
 * A server of its own with a service, and the connections that look at it: their ids, which begin anew with each server,
 * and addresses.
 */
async function place() {
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  const service = new TestService({ url: server.url });
  await service.serve({ messages: { price: () => 1 } });
  const watch = redis(server.url);
  const looking = async (): Promise<string[]> => {
    const list = (await watch.client('LIST')) as string;
    return [...list.matchAll(/^(id=\d+ addr=\S+) .*\bname=nestjs-redis-streams:operate:/gm)].map(
      ([, one = '']) => one,
    );
  };
  return { server, service, looking };
}

const looks = (text: string): number => text.split('event: look').length - 1;

it('the page looks through the same connections while somebody watches, and closes them after that', async () => {
  const { service, looking } = await place();
  const page = await servedPage({ ...service.address, interval: 100 });
  expect(await looking()).toEqual([]);
  await events(page, (so) => looks(so) >= 1);
  const first = await looking();
  expect(first).toHaveLength(1);
  await events(page, (so) => looks(so) >= 4);
  await page.json('api/pending');
  expect(await looking()).toEqual(first);
  page.close();
  await eventually(async () => expect(await looking()).toEqual([]));
});

it('connections that are kept close by themselves a while after the last read', async () => {
  const { service, looking } = await place();
  const kept = new KeptConnections(service.address, 300);
  onTestFinished(() => kept.close());
  await readOverview(kept);
  expect(await looking()).toHaveLength(1);
  await eventually(async () => expect(await looking()).toEqual([]));
  await readOverview(kept);
  expect(await looking()).toHaveLength(1);
});

it('are made anew after an error, and nothing is left of the others', async () => {
  const { server, service, looking } = await place();
  const kept = new KeptConnections({ ...service.address, timeout: 1000, retryAttempts: 1 });
  onTestFinished(() => kept.close());
  await readOverview(kept);
  const [first] = await looking();
  await server.restart();
  // Nothing is kept before the service has noted its shards in the new memory.
  await eventually(async () => {
    expect((await readOverview(kept)).servers).toHaveLength(1);
    const now = await looking();
    expect([now.length, now[0] === first]).toEqual([1, false]);
  });
  await kept.close();
  await eventually(async () => expect(await looking()).toEqual([]));
});
