import { RetryLater } from 'nestjs-redis-streams';
import type { DiagnosticsMessages } from 'nestjs-redis-streams/diagnostics';
import { diagnose } from 'nestjs-redis-streams/operate';
import { eventually } from '../../tools/wait.js';
import { range } from '../support/tally.js';
import { TestService } from '../support/test-service.js';

it('an instance that reads no more because 1,000 entries wait for another attempt says so, and doctor finds it', async () => {
  const service = new TestService();
  const later = () => {
    throw new RetryLater(600_000);
  };
  const server = await service.serve({ events: { later, other: later } }, { drainTimeout: 0 });
  const told: DiagnosticsMessages['retries.full'][] = [];
  server.on('retries.full', (message: DiagnosticsMessages['retries.full']) => told.push(message));
  const client = await service.connected();
  await Promise.all(range(1200).map((n) => client.tell(n % 2 === 0 ? 'later' : 'other', n)));
  await eventually(() => expect(told).toHaveLength(1));
  expect(told).toMatchObject([{ group: 'service', waiting: 1000, source: { role: 'server' } }]);
  await eventually(async () => {
    const found = (await diagnose(service.address)).find(({ code }) => code === 'RETRIES_FULL');
    expect(found).toMatchObject({ severity: 'warning', about: 'service' });
    expect(found?.found).toMatch(/^\d+ wait for another attempt, \d+ are unread; an instance that/);
  });
});
