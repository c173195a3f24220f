import { eventually } from '../../tools/wait.js';
import { commandAt } from '../contracts/command.js';
import { startDurableRedis } from '../support/redis-process.js';
import { TestService } from '../support/test-service.js';
import { events, servedPage } from './page.js';

const pattern = 'orders.price';
const REASON = 'the price list is being moved';

interface Look {
  readonly services: readonly { readonly paused: readonly unknown[] }[];
}

it('a pause is still there, and shown, after Redis and the service were killed and started again', async () => {
  const server = await startDurableRedis();
  const service = new TestService({ url: server.url });
  const serve = () => service.serve({ messages: { [pattern]: () => 19.5 } });
  const first = await serve();
  const client = await service.connected();
  const page = await servedPage({ ...service.address, readOnly: false, auth: () => true });
  const env = { REDIS_URL: server.url };
  const cli = async (...given: string[]): Promise<string> => {
    const { out, err } = await commandAt({ env }, ...given, '--prefix', service.prefix);
    return out + err;
  };
  const shown = async (): Promise<void> => {
    const live = await events(page, (text) => /event: look\ndata: .*\n/.test(text));
    const [, data = '{}'] = /event: look\ndata: (.*)/.exec(live) ?? [];
    const { look } = JSON.parse(data) as { look: Look };
    const noted = { service: 'service', pattern, refuses: true, reason: REASON };
    expect(look.services).toMatchObject([{ service: 'service', paused: [noted] }]);
    expect(await cli('pause')).toContain(REASON);
    expect(await cli('services', 'service')).toContain(REASON);
    expect(await cli('top', '--once')).toContain(REASON);
  };
  const refuses = () =>
    expect(client.call(pattern, 1, { timeout: 2000 })).rejects.toMatchObject({ code: 'PAUSED' });

  const what = { service: 'service', pattern };
  await page.change('api/pause', { ...what, refuse: true, reason: REASON });
  await shown();
  await refuses();
  await server.kill();
  await server.restart();
  await eventually(shown, 20_000);
  await eventually(refuses, 20_000);
  await first.close();
  await serve();
  await eventually(refuses, 20_000);
  await shown();
  const resumed = await page.change('api/resume', what);
  expect(await resumed.json()).toMatchObject({ changed: true, applied: 1 });
  expect(await client.call(pattern)).toBe(19.5);
  expect(await cli('pause')).not.toContain(REASON);
});
