import { Logger } from '@nestjs/common';
import { createServer, type AddressInfo } from 'node:net';
import { eventually } from '../../../tools/wait.js';
import { TestService } from '../../support/test-service.js';
import { startPrivateRedis } from '../../support/redis-process.js';

// Why a connection ended, as the log and the errors of calls tell it.

async function own() {
  const redis = await startPrivateRedis();
  onTestFinished(() => redis.stop());
  return { redis, service: new TestService({ url: redis.url }) };
}

function lines(): string[] {
  const heard: string[] = [];
  const write = (line: unknown): void => void heard.push(String(line));
  Logger.overrideLogger({ log: write, warn: write, error: write });
  onTestFinished(() => Logger.overrideLogger(false));
  return heard;
}

describe('what Redis refused while a connection was set up, and that lived all the same', () => {
  it('is not told as the reason when it ends later', async () => {
    const { redis, service } = await own();
    // Its own connection of the test is there before, and has a name of its own.
    await service.redis.call('ACL', 'SETUSER', 'default', '-client|setname');
    const client = await service.connected({ protocol: 2, retryDelay: 50 });
    const heard = lines();
    await service.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    await eventually(() => expect(heard.join('\n')).toMatch(/lost a connection to Redis/));
    await eventually(() => expect(heard.join('\n')).toMatch(/connected to Redis again/));
    await redis.kill();
    const failure = await client.failure('work', {}, { timeout: 300 });
    expect(failure).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(String((failure as Error).cause)).not.toMatch(/NOPERM/);
    expect(heard.join('\n')).not.toMatch(/NOPERM/);
  });
});

describe('what a server says before it was asked', () => {
  it('is told as the reason, and the end of the connection is not', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).end('-ERR max number of clients reached\r\n');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const service = new TestService({
      url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    });
    const heard = lines();
    const client = service.client({ retryAttempts: 2, retryDelay: 10 });
    const failure = (await client.connect().catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ code: 'NOT_CONNECTED' });
    expect(String(failure.cause)).toMatch(/max number of clients/);
    expect(heard.join('\n')).toMatch(/cannot connect .*max number of clients/);
  });
});
