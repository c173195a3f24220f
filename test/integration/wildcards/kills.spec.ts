import { eventually } from '../../../tools/wait.js';
import { Instance } from '../../support/instance.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

const ROUNDS = 3;
const FIRST = 15;

test('instances are killed while streams come: no first event is missed, and no first call', async () => {
  const service = new TestService();
  const options = {
    ...{ ...service.serverOptions, wildcards: true },
    ...{ leaseTtl: 1000, reconnectGrace: 500 },
  };
  const start = () => Instance.start(options, 'work.*');
  const all = [await start(), await start()];
  const client = await service.connected({ whenNoConsumer: 'fail', timeout: 25_000 });
  const keys: string[] = [];
  for (const round of range(ROUNDS)) {
    const sent = range(FIRST).map((i) => {
      const key = `${round}-${i}`;
      keys.push(key);
      // A message handler has the wildcard: it runs the events of patterns that have none for events.
      return i % 3 === 0
        ? client.call(`work.called.${key}`, { key })
        : client.tell(`work.${key}`, { key });
    });
    await all[round]!.kill();
    all.push(await start());
    await Promise.all(sent);
  }
  await eventually(() => {
    const finished = new Set(all.flatMap((instance) => instance.keys('finished')));
    expect(keys.filter((key) => !finished.has(key))).toEqual([]);
  }, 20_000);
}, 90_000);
