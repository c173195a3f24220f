import { readSenders } from 'nestjs-redis-streams/operate';
import { vi } from 'vitest';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { servedPage } from './page.js';

it('callers say in Redis what they send, and who they are', async () => {
  vi.stubEnv('npm_package_name', 'shop');
  onTestFinished(() => void vi.unstubAllEnvs());
  const service = new TestService();
  await service.serve({ messages: { price: () => 1, stock: () => 2 } });
  const [one, other] = [await service.connected(), await service.connected()];
  await Promise.all([one.call('price'), other.call('price'), other.tell('placed')]);
  await other.call('stock');
  const shop = { application: 'shop', process: expect.stringMatching(/-\d+$/) as string };
  await eventually(async () =>
    expect((await readSenders(service.address)).senders).toMatchObject([
      { ...shop, patterns: [{ pattern: 'price', entries: 2 }, { entries: 1 }, { entries: 1 }] },
    ]),
  );
  const page = await servedPage(service.address);
  const asked = async (pattern: string) =>
    (await page.json(`api/senders?pattern=${pattern}`)) as unknown;
  expect(await asked('placed')).toMatchObject({
    senders: [{ ...shop, of: 3, patterns: [{ pattern: 'placed', entries: 1 }] }],
    complete: true,
  });
  expect(await asked('unknown')).toEqual({ senders: [], complete: true });
  // It is kept as long as what Redis knows of the caller, and no longer.
  expect(await service.redis.pttl(service.keys.caller(one.callerId))).toBeGreaterThan(0);
});
