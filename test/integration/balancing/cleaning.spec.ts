import { eventually } from '../../../tools/wait.js';
import { range } from '../../support/tally.js';
import { TestService } from '../../support/test-service.js';

describe('handled events', () => {
  it('are removed as quickly as they are handled', async () => {
    const service = new TestService();
    const events = 40_000;
    let handled = 0;
    await service.serve({ events: { happened: () => void handled++ } }, { concurrency: 1000 });
    const client = await service.connected();
    for (let round = 0; round < events / 1000; round++) {
      await Promise.all(range(1000).map((n) => client.tell('happened', n)));
    }
    await eventually(() => expect(handled).toBe(events), 30_000);
    await eventually(async () => expect(await service.length('happened')).toBe(0));
    expect(handled).toBe(events);
  }, 60_000);

  it('of broadcasts only are removed as well', async () => {
    const service = new TestService();
    let heard = 0;
    const happened = [() => void heard++, { broadcast: true }] as const;
    await service.serve({ events: { happened } });
    await service.serve({ events: { happened } });
    const client = await service.connected();
    await Promise.all(range(50).map((n) => client.tell('happened', n)));
    await eventually(() => expect(heard).toBe(100));
    await eventually(async () => expect(await service.length('happened')).toBe(0), 15_000);
  }, 30_000);
});
