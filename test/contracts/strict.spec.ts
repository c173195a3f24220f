import { Logger } from '@nestjs/common';
import { RedisStreamsError } from 'nestjs-redis-streams';
import {
  type CheckMode,
  contractClient,
  ContractError,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { directoryOf } from '../../libs/redis-stream-transport/src/contracts/directory/directory-of.js';
import { eventually } from '../../tools/wait.js';
import { TestService } from '../support/test-service.js';
import { controllerOf, type Form, Narrowed, V1 } from './drift.contracts.js';
import { failure } from './support.js';
import { watched } from '../support/watched.js';

// What a strict client does until its contract was compared once.

const file = { name: 'a', size: 1 };

beforeEach(() => {
  for (const level of ['log', 'warn', 'error'] as const) {
    vi.spyOn(Logger.prototype, level).mockImplementation(() => undefined);
  }
});
afterEach(() => void vi.restoreAllMocks());

/** A client that is connected, whose questions about servers are answered when the test says so. */
async function asking(form: Form | undefined, check: CheckMode) {
  const service = new TestService();
  if (form !== undefined) await service.serveModule({ controllers: [controllerOf(form)] });
  const proxy = service.client();
  const directory = directoryOf(proxy)!;
  const real = directory.instances.bind(directory);
  let answer: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const asked = vi.spyOn(directory, 'instances').mockImplementation(async (...question) => {
    await answered;
    return real(...question);
  });
  const files = contractClient(V1, proxy, { check });
  const send = vi.spyOn(proxy, 'send');
  await proxy.connect();
  await eventually(() => expect(asked).toHaveBeenCalled());
  return { service, files, send, answer, directory };
}

test('its calls wait for the comparison, and are sent when it fits', async () => {
  const { service, files, send, answer } = await asking(V1, 'strict');
  const calls = watched(Promise.all([files.put(file), files.put(file), files.remove('a')]));
  // A trip to Redis and back: time enough for what does not wait.
  await service.redis.ping();
  expect(send).not.toHaveBeenCalled();
  answer();
  expect(await calls).toEqual(['V1', 'V1', 'V1']);
  expect(send).toHaveBeenCalledTimes(3);
});

test('and are refused when it does not', async () => {
  const { files, send, answer } = await asking(Narrowed, 'strict');
  const calls = [failure(files.put(file)), failure(files.remove('a'))];
  answer();
  for (const error of await Promise.all(calls))
    expect(error).toMatchObject({ code: 'INCOMPATIBLE' });
  expect(send).not.toHaveBeenCalled();
});

test('they are sent when no service of it is found', async () => {
  const { service, files, send, answer } = await asking(undefined, 'strict');
  const call = failure(files.with({ timeout: 1_000 }).put(file));
  await service.redis.ping();
  expect(send).not.toHaveBeenCalled();
  answer();
  await eventually(() => expect(send).toHaveBeenCalledOnce());
  expect(await call).toMatchObject({ name: 'RedisStreamsError' });
  expect(await service.length('drift.remove')).toBe(0);
});

test('without an answer they fail after two seconds, and later ones are sent when there is one', async () => {
  const { service, files, send, answer } = await asking(V1, 'strict');
  const error = await failure(files.put(file));
  expect(RedisStreamsError.isRedisStreamsError(error)).toBe(true);
  expect(error).toMatchObject({
    code: 'NOT_CONNECTED',
    outcome: 'not-run',
    message: 'drift: not compared with its servers yet, Redis was not reached; nothing was sent',
  });
  expect(send).not.toHaveBeenCalled();
  expect(await service.length('drift.put')).toBe(0);
  answer();
  expect(await files.put(file)).toBe('V1');
});

test('where servers cannot be asked they fail, and are sent when they can', async () => {
  const { service, files, send, answer, directory } = await asking(V1, 'strict');
  const refused = new RedisStreamsError('REDIS', 'the directory: NOPERM');
  vi.mocked(directory.instances).mockRejectedValue(refused);
  const other = service.client();
  vi.spyOn(directoryOf(other)!, 'instances').mockRejectedValue(refused);
  const sent = vi.spyOn(other, 'send');
  expect(await failure(contractClient(V1, other, { check: 'strict' }).put(file))).toMatchObject({
    code: 'REDIS',
    outcome: 'not-run',
    cause: refused,
  });
  expect(sent).not.toHaveBeenCalled();
  expect(send).not.toHaveBeenCalled();
  // The next look is a second later at most.
  vi.mocked(directory.instances).mockRestore();
  answer();
  expect(await files.put(file)).toBe('V1');
});

test('where the schema of a server is gone they fail', async () => {
  const { files, send, answer, directory } = await asking(Narrowed, 'strict');
  vi.spyOn(directory, 'document').mockResolvedValue(undefined);
  answer();
  const error = await failure(files.put(file));
  expect(ContractError.is(error)).toBe(true);
  expect(error).toMatchObject({
    code: 'INCOMPATIBLE',
    message:
      'drift: cannot be compared with its servers: the schema of 2.1.0 is gone; nothing was sent',
  });
  expect(send).not.toHaveBeenCalled();
});

test('ten thousand may wait, and not one more', async () => {
  const { service, files, answer } = await asking(V1, 'strict');
  // They wait for two seconds, which is less than a busy machine may need to make so many.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const waiting = Array.from({ length: 10_000 }, () =>
    failure(files.put({ name: 'a', size: 101 })),
  );
  expect(await failure(files.put(file))).toMatchObject({ code: 'OVERLOADED', outcome: 'not-run' });
  vi.useRealTimers();
  answer();
  // They were let through to the check of their arguments.
  const codes = (await Promise.all(waiting)).map((error) => (error as { code: string }).code);
  expect(new Set(codes)).toEqual(new Set(['VALIDATION']));
  expect(await service.redis.exists(service.stream('drift.put'))).toBe(1);
  expect(await service.redis.xinfo('STREAM', service.stream('drift.put'))).toEqual(
    expect.arrayContaining(['entries-added', 0]),
  );
  expect(await files.put(file)).toBe('V1');
});

test('a client that warns does not wait', async () => {
  const { files, send, answer } = await asking(Narrowed, 'warn');
  expect(await files.put(file)).toBe('Narrowed');
  expect(send).toHaveBeenCalledOnce();
  answer();
});
