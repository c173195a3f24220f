import { ServerRedisStreams, ClientRedisStreams } from 'nestjs-redis-streams';
import {
  Contract,
  contractClient,
  Streamed,
  remote,
  type Streamed as StreamOf,
} from 'nestjs-redis-streams/contracts';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { onTestFinished } from 'vitest';
import { addHandlers } from '../../support/handlers.js';
import { range } from '../../support/tally.js';
import { listening, TestService } from '../../support/test-service.js';
import { iterate, Source, taken } from './source.js';

@Contract({ name: 'counting', version: '1.0.0' })
class Counting {
  @Streamed()
  numbers(from: number): StreamOf<number> {
    return remote(from);
  }
}

test('a streamed method of a contract waits for its loop', async () => {
  const service = new TestService();
  const source = new Source();
  const messages = { 'counting.numbers': () => source.numbers(1e9) };
  await service.serve({ messages });
  const client = contractClient(Counting, service.client());
  const reader = iterate(client.numbers(1));
  expect(await taken(reader, 1)).toEqual([0]);
  expect(await source.atRest()).toBeLessThanOrEqual(65);
  expect(await taken(reader, 200)).toEqual(range(201).slice(1));
  await reader.return?.();
  await source.over();
});

test('a stream waits for its reader in a broker in memory too', async () => {
  const broker = createTestBroker();
  const source = new Source();
  const server = new ServerRedisStreams({ client: broker.redis(), drainTimeout: 0 });
  addHandlers(server, { messages: { numbers: () => source.numbers(1e9) } });
  await listening(server);
  onTestFinished(() => server.close());
  const client = new ClientRedisStreams({ client: broker.redis(), window: { values: 6 } });
  onTestFinished(() => client.close());
  const reader = iterate(client.stream<number>('numbers', 1));
  expect(await taken(reader, 1)).toEqual([0]);
  expect(await source.atRest()).toBeLessThanOrEqual(7);
  expect(await taken(reader, 60)).toEqual(range(61).slice(1));
  await reader.return?.();
});
