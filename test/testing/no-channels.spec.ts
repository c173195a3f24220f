import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { createTestBroker } from 'nestjs-redis-streams/testing';
import { firstValueFrom } from 'rxjs';
import { onTestFinished, vi } from 'vitest';
import { MemoryConnection } from '../../libs/redis-stream-transport/src/testing/connection/memory-connection.js';
import { Refused } from '../../libs/redis-stream-transport/src/testing/memory/operation.js';
import { eventually } from '../../tools/wait.js';

@Controller()
class Ledger {
  static readonly noted: number[] = [];

  @EventPattern('noted')
  note(@Payload() n: number): void {
    Ledger.noted.push(n);
  }
}

it('a service starts and handles its backlog while its server gives no channels, as a full Redis 8.6', async () => {
  const broker = createTestBroker();
  const client = new ClientRedisStreams({ client: broker.redis() });
  onTestFinished(() => client.close());
  await firstValueFrom(client.emit('noted', 1), { defaultValue: undefined });

  const full = new Refused("OOM command not allowed when used memory > 'maxmemory'.");
  const asked = vi.spyOn(MemoryConnection.prototype, 'ssubscribe').mockRejectedValue(full);
  onTestFinished(() => asked.mockRestore());
  const testing = await Test.createTestingModule({ controllers: [Ledger] }).compile();
  const strategy = new ServerRedisStreams({ client: broker.redis(), group: 'service' });
  const app = testing.createNestMicroservice({ strategy, logger: false });
  onTestFinished(() => app.close());
  await app.listen();
  await broker.drain();
  expect(Ledger.noted).toEqual([1]);

  // It asks again, and listens as soon as it may.
  expect(asked).toHaveBeenCalled();
  let given = (): void => undefined;
  const isGiven = new Promise<void>((resolve) => (given = resolve));
  asked.mockImplementation(async () => given());
  await isGiven;
  await firstValueFrom(client.emit('noted', 2), { defaultValue: undefined });
  await eventually(() => expect(Ledger.noted).toEqual([1, 2]));
});
