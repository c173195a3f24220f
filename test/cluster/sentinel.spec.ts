import { MASTER_NAME, WatchedMaster } from '../../tools/redis/sentinels.js';
import { eventually } from '../../tools/wait.js';
import { counting, Load } from '../support/load.js';
import { TestService } from '../support/test-service.js';

let watched: WatchedMaster;
beforeAll(async () => {
  watched = await WatchedMaster.start();
}, 60_000);
afterAll(() => watched.stop());

/** A service of two instances and a client under load, found through the Sentinels. */
async function loaded() {
  await watched.settled();
  const service = new TestService();
  const where = { url: undefined, sentinels: watched.addresses, name: MASTER_NAME };
  const { ran, work } = counting();
  for (let i = 0; i < 2; i++) await service.serve({ messages: { work } }, where);
  const client = await service.connected(where);
  const load = new Load(client, 8);
  const more = async () => {
    const before = load.answered;
    await eventually(() => expect(load.answered).toBeGreaterThan(before + 50), 20_000);
  };
  await more();
  return { ran, load, more, master: await watched.master() };
}

describe('C1 a failover of Sentinel', () => {
  it('that was asked for: all calls are answered, although nobody restarts', async () => {
    const { load, more, master } = await loaded();
    await watched.failOver();
    await watched.replaced(master);
    await more();
    await load.stop();
    expect(load.failed).toEqual([]);
  }, 60_000);

  it('after the death of the master, which comes back as a replica', async () => {
    const { load, more, master, ran } = await loaded();
    await master.kill();
    await watched.replaced(master);
    await more();
    await master.start();
    await eventually(async () => {
      expect(await master.redis.info('replication')).toContain('role:slave');
    }, 20_000);
    await more();
    await load.stop();
    expect(load.answered).toBeGreaterThan(load.sent * 0.99);
    expect(ran.total).toBeGreaterThanOrEqual(load.answered);
  }, 60_000);

  it('of a master that stands still: what it takes afterwards is not counted as stored', async () => {
    const { load, more, master } = await loaded();
    master.freeze();
    try {
      await watched.replaced(master);
      await more();
    } finally {
      master.thaw();
    }
    await more();
    await load.stop();
    expect(load.answered).toBeGreaterThan(load.sent * 0.99);
    await eventually(async () => {
      const list = String(await master.redis.client('LIST'));
      expect(list).not.toContain('nestjs-redis-streams:client:commands');
    }, 20_000);
  }, 60_000);
});
