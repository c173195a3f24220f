import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { ClientRedisStreams, ServerRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom } from 'rxjs';
import { onTestFinished } from 'vitest';
import { startPrivateRedis } from '../support/redis-process.js';
import { codeBlocks, read } from './documents.js';

@Controller()
class EchoController {
  @MessagePattern('acl.echo')
  echo(@Payload() data: unknown): unknown {
    return data;
  }
}

test('the ACL user of docs/guarantees.md is enough, and is kept to its prefix', async () => {
  const recipe = codeBlocks(read('docs/guarantees.md'), 'text').find((text) =>
    text.startsWith('ACL SETUSER'),
  );
  // A server of its own: users belong to a whole server.
  const server = await startPrivateRedis();
  onTestFinished(() => server.stop());
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  const [command, ...words] = (recipe as string).trim().split(' ') as [string, ...string[]];
  await admin.call(command, ...words);

  const account = { username: 'orders', password: 'secret' };
  const place = { host: new URL(server.url).hostname, port: server.port, ...account };
  const testing = await Test.createTestingModule({ controllers: [EchoController] }).compile();
  const strategy = new ServerRedisStreams({ ...place, group: 'service', retryAttempts: 3 });
  const app = testing.createNestMicroservice({ strategy, logger: false });
  onTestFinished(() => app.close());
  await app.listen();
  const client = new ClientRedisStreams({ ...place, retryAttempts: 3 });
  onTestFinished(() => client.close());
  expect(await firstValueFrom(client.send('acl.echo', 'hello'))).toBe('hello');

  const user = new Redis(place);
  onTestFinished(() => user.disconnect());
  await expect(user.call('GET', '{other}:incarnation')).rejects.toThrow('NOPERM');
  await expect(user.call('PUBLISH', '{other}:r:x', 'forged')).rejects.toThrow('NOPERM');
  await expect(user.call('FLUSHALL')).rejects.toThrow('NOPERM');
  const denied = await admin.call('ACL', 'LOG', '100');
  const commands = (denied as string[][]).map((entry) => entry[entry.indexOf('object') + 1]);
  expect(commands.toSorted()).toEqual(
    ['flushall', '{other}:incarnation', '{other}:r:x'].toSorted(),
  );
});
