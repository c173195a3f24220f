import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { onTestFinished } from 'vitest';
import { startPrivateRedis } from '../support/redis-process.js';
import { redis } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
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
  const admin = redis(server.url);
  const [command, ...words] = (recipe as string).trim().split(' ') as [string, ...string[]];
  await admin.call(command, ...words);

  const url = `redis://orders:secret@127.0.0.1:${server.port}`;
  const service = new TestService({ url, prefix: 'nrs' });
  await service.serveModule({ controllers: [EchoController] }, { retryAttempts: 3 });
  const client = service.client({ retryAttempts: 3 });
  expect(await client.call('acl.echo', 'hello')).toBe('hello');

  const user = service.redis;
  await expect(user.call('GET', '{other}:incarnation')).rejects.toThrow('NOPERM');
  await expect(user.call('SPUBLISH', '{other}:r:x', 'forged')).rejects.toThrow('NOPERM');
  await expect(user.call('FLUSHALL')).rejects.toThrow('NOPERM');
  const denied = await admin.call('ACL', 'LOG', '100');
  const commands = (denied as string[][]).map((entry) => entry[entry.indexOf('object') + 1]);
  expect(commands.toSorted()).toEqual(
    ['flushall', '{other}:incarnation', '{other}:r:x'].toSorted(),
  );
});
