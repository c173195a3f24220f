import { Controller } from '@nestjs/common';
import { ClientProxyFactory } from '@nestjs/microservices';
import { ClientRedisStreams } from 'nestjs-redis-streams';
import { lastValueFrom } from 'rxjs';
import {
  Arg,
  Command,
  Contract,
  contractClient,
  Event,
  remote,
  Streamed,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { failure } from './support.js';
import { watched } from '../support/watched.js';

// A check of arguments that takes its time is within the timeout, the signal and close() of its call.

const waiting: ((result: { value: unknown }) => void)[] = [];
const slow = {
  '~standard': {
    version: 1 as const,
    vendor: 'test',
    validate: () => new Promise<{ value: unknown }>((resolve) => waiting.push(resolve)),
  },
};

@Contract({ name: 'slow', version: '1.0.0' })
abstract class SlowContract {
  @Command() run(@Arg(() => slow, { name: 'n' }) n: number): Command<number> {
    return remote(n);
  }

  @Event() tell(@Arg(() => slow, { name: 'n' }) n: number): Event {
    return remote(n);
  }

  @Streamed() stream(@Arg(() => slow, { name: 'n' }) n: number): Streamed<number> {
    return remote(n);
  }
}

@Controller()
class Nobody {}

const kinds = [
  ['a command', (client: Client) => client.run(1)],
  ['an event', (client: Client) => client.tell(1)],
  ['a stream', (client: Client) => lastValueFrom(client.stream(1))],
] as const;
type Client = ReturnType<typeof contractClient<SlowContract>>;

async function open() {
  const service = new TestService();
  await service.serveModule({ controllers: [Nobody] });
  waiting.length = 0;
  return { service, proxy: service.client() };
}

describe.each(kinds)('a check that does not answer: %s', (_name, call) => {
  test('ends at the timeout, certainly not run', async () => {
    const { proxy } = await open();
    await proxy.connect();
    const client = contractClient(SlowContract, proxy).with({ timeout: 100 });
    expect(await failure(call(client))).toMatchObject({ code: 'TIMEOUT', outcome: 'not-run' });
  });

  test('ends with the signal', async () => {
    const { proxy } = await open();
    const controller = new AbortController();
    const { signal } = controller;
    const end = failure(call(contractClient(SlowContract, proxy).with({ signal })));
    await eventually(() => expect(waiting).toHaveLength(1));
    controller.abort();
    expect(await end).toMatchObject({ code: 'CANCELLED', outcome: 'not-run' });
  });

  test('ends when the client closes, and connects nothing when it answers later', async () => {
    const { proxy } = await open();
    const end = failure(call(contractClient(SlowContract, proxy)));
    await eventually(() => expect(waiting).toHaveLength(1));
    await proxy.close();
    expect(await end).toMatchObject({ code: 'CLOSED', outcome: 'not-run' });
    waiting[0]!({ value: 1 });
    await new Promise((next) => setImmediate(next));
    expect(() => proxy.unwrap()).toThrow(/initialized/i);
  });
});

test('one that refuses late refuses as at once, and one that passes late is sent', async () => {
  const { service } = await open();
  const proxy = ClientProxyFactory.create({
    customClass: ClientRedisStreams,
    options: service.address,
  }) as ClientRedisStreams;
  const client = contractClient(SlowContract, proxy);
  const refused = failure(client.tell(1));
  const stored = watched(client.tell(2));
  await eventually(() => expect(waiting).toHaveLength(2));
  waiting[0]!({ value: 1, issues: [{ message: 'no' }] } as never);
  waiting[1]!({ value: 2 });
  expect(await refused).toMatchObject({ code: 'VALIDATION' });
  await stored;
  expect(await service.length('slow.tell')).toBe(1);
  await proxy.close();
});
