import { MASTER_NAME, WatchedMaster } from '../../tools/redis/sentinels.js';
import { eventually } from '../../tools/wait.js';
import { counting } from '../support/load.js';
import { Tally } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

let watched: WatchedMaster;
beforeAll(async () => {
  watched = await WatchedMaster.start();
  const { redis } = await watched.master();
  await eventually(async () => {
    await redis.set('written now', 1);
    expect(await redis.wait(1, 500)).toBe(1);
  }, 20_000);
}, 60_000);
afterAll(() => watched.stop());

describe('L25: the death of a master with a replica', () => {
  it('loses no event that counts as stored, and runs no answered call again', async () => {
    const service = new TestService();
    const replicas = { count: 1 };
    const where = { url: undefined, sentinels: watched.addresses, name: MASTER_NAME, replicas };
    const { ran, work } = counting();
    const heard = new Tally();
    const noted = ({ key }: { key: number }): void => void heard.add(key);
    await service.serve({ messages: { work }, events: { noted } }, where);
    const client = await service.connected({ ...where, timeout: 20_000 });
    const stored: number[] = [];
    const answered: number[] = [];
    const going = { on: true };
    const lane = async (from: number): Promise<void> => {
      for (let key = from; going.on; key += 100) {
        await client.tell('noted', { key }).then(
          () => stored.push(key),
          () => undefined,
        );
        await client.call('work', { key }).then(
          () => answered.push(key),
          () => undefined,
        );
      }
    };
    const lanes = Array.from({ length: 16 }, (_, n) => lane(n));
    await eventually(() => expect(answered.length).toBeGreaterThan(300), 20_000);
    const master = await watched.master();
    await master.kill();
    const before = [...answered];
    await watched.replaced(master);
    // Without a replica nothing counts as stored.
    await master.start();
    const next = await watched.master();
    await master.redis.call('REPLICAOF', '127.0.0.1', String(next.port));
    await eventually(() => expect(answered.length).toBeGreaterThan(before.length + 100), 20_000);
    going.on = false;
    await Promise.all(lanes);
    await eventually(() => {
      expect(stored.filter((key) => !heard.counts.has(key))).toEqual([]);
    }, 20_000);
    expect(before.filter((key) => ran.counts.get(key) !== 1)).toEqual([]);
  }, 90_000);
});
