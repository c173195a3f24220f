import { ClientRedisStreams } from 'nestjs-redis-streams';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { onTestFinished } from 'vitest';
import {
  Command,
  Contract,
  contractClient,
  ContractValidationError,
  remote,
  RemoteError,
  toRich,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { FilesContract } from './files.contract.js';
import { FilesController, seen } from './files.controller.js';
import { eventually } from '../../tools/wait.js';
import { failure, serve } from './support.js';

const file = { name: 'a.txt', size: 3, tags: [{ name: 'x' }] };
const bad = { name: 7, size: -1, tags: [{ name: 'x' }, { name: '' }], more: 1 };

/** A bad call of every kind, and what is said of it. */
const calls: readonly [string, unknown[], string][] = [
  ['upload', [bad], 'file.name'],
  ['upload', [], 'file'],
  ['upload', [undefined, 'mode'], 'file'],
  ['upload', [null], 'file'],
  ['upload', ['text'], 'file'],
  ['upload', [[file]], 'file'],
  ['upload', [new Map()], 'file'],
  ['upload', [{ ...file, tags: [new Map()] }], 'file.tags[0]'],
  ['upload', [{ ...file, tags: [Buffer.from('x')] }], 'file.tags[0]'],
  ['upload', [file, 5], 'mode'],
  ['upload', [file, 'mode', 'more'], 'arguments'],
  ['join', ['-', 'a', 5], 'parts[1]'],
  ['find', ['n', '5'], 'limit'],
  ['find', ['n', 5, 'today'], 'after'],
  ['find', ['n', 5, new Date(Number.NaN)], 'after'],
  ['tag', [{ name: 'a' }], 'tags'],
  ['tag', [[{ name: 'a' }, 'b']], 'tags[1]'],
  ['tag', [[{ name: 'a' }, { name: 5 }]], 'tags[1].name'],
  ['half', [3], 'number.n[0]'],
  ['echo', [], 'value'],
];

describe('E2 before anything is sent', () => {
  test.each(calls)('%s %j', async (method, args, property) => {
    const proxy = new ClientRedisStreams({ url: 'redis://127.0.0.1:9' });
    onTestFinished(() => proxy.close());
    const client = contractClient(FilesContract, proxy) as never as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    const error = await failure(client[method]!(...args));
    expect(error).toBeInstanceOf(ContractValidationError);
    expect(error).toMatchObject({
      name: 'ContractValidationError',
      code: 'VALIDATION',
      outcome: 'not-run',
      retryable: false,
      pattern: `media.files.${method}`,
    });
    expect((error as ContractValidationError).details.map((one) => one.property)).toContain(
      property,
    );
  });

  test('every violation is told, with its rules', async () => {
    const proxy = new ClientRedisStreams({ url: 'redis://127.0.0.1:9' });
    onTestFinished(() => proxy.close());
    const error = await failure(contractClient(FilesContract, proxy).upload(bad as never));
    expect((error as ContractValidationError).details).toEqual([
      { property: 'file.name', constraints: { isString: expect.any(String) } },
      { property: 'file.size', constraints: { min: 'size must not be less than 0' } },
      { property: 'file.tags[1].name', constraints: { isLength: expect.any(String) } },
    ]);
    expect((error as Error).message).toContain('media.files.upload');
  });

  test('the streams stay as they were, and no event is stored', async () => {
    const { proxy, prefix, service } = await serve({ controllers: [FilesController] });
    const { redis } = service;
    const client = contractClient(FilesContract, proxy);
    await client.removed(file);
    const lengths = () =>
      Promise.all(
        ['upload', 'removed', 'ticks'].map((name) =>
          redis.xinfo('STREAM', `{${prefix}}:s:media.files.${name}`),
        ),
      );
    const before = await lengths();
    await failure(client.upload(bad as never));
    await failure(client.removed(bad as never));
    await failure(firstValueFrom(client.ticks('x' as never)));
    expect(await lengths()).toEqual(before);
  });

  test('what cannot be carried is refused too', async () => {
    const proxy = new ClientRedisStreams({ url: 'redis://127.0.0.1:9' });
    onTestFinished(() => proxy.close());
    const client = contractClient(FilesContract, proxy);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [cycle, [() => 1], Symbol('s'), new Float32Array(1)]) {
      expect(await failure(client.echo(value))).toMatchObject({ code: 'INVALID_MESSAGE' });
    }
  });
});

describe('M7 before the handler runs', () => {
  test.each(calls)('%s %j', async (method, args, property) => {
    const { proxy } = await serve({ controllers: [FilesController] }, 'tcp');
    seen.length = 0;
    const call = lastValueFrom(proxy.send(`media.files.${method}`, toRich(args)));
    const error = (await failure(call)) as Record<string, unknown>;
    expect(error).toMatchObject({ status: 'error', code: 'VALIDATION' });
    const details = error['details'] as { property: string }[];
    expect(details.map((one) => one.property)).toContain(property);
    expect(seen).toEqual([]);
  });

  test.each([{ name: 'a' }, 'text', 5])('arguments that are no list: %j', async (data) => {
    const { proxy } = await serve({ controllers: [FilesController] });
    const error = await failure(lastValueFrom(proxy.send('media.files.upload', data)));
    expect(error).toMatchObject({ code: 'VALIDATION', details: [{ property: 'arguments' }] });
  });

  test('the typed error reaches a caller whose own check was passed', async () => {
    const { proxy } = await serve({ controllers: [FilesController] });
    @Contract({ name: 'files', namespace: 'media', version: '1.1.0' })
    abstract class Older {
      @Command() upload(document: object): Command<unknown> {
        return remote(document);
      }
    }
    const error = await failure(contractClient(Older, proxy).upload({ name: 'a', tags: [] }));
    expect(error).toBeInstanceOf(ContractValidationError);
    expect(error).not.toBeInstanceOf(RemoteError);
    expect((error as ContractValidationError).details).toEqual([
      {
        property: 'file.size',
        constraints: expect.objectContaining({ isInt: 'size must be an integer number' }),
      },
    ]);
  });

  test('an event that is not valid becomes a dead letter at once', async () => {
    const { proxy, prefix, service } = await serve({ controllers: [FilesController] });
    const { redis } = service;
    seen.length = 0;
    await lastValueFrom(proxy.emit('media.files.removed', [bad]), { defaultValue: undefined });
    await eventually(async () => {
      const letters = await redis.xrange(`{${prefix}}:dead:service`, '-', '+');
      expect(letters).toHaveLength(1);
      expect(JSON.stringify(letters)).toContain('file.size');
    });
    expect(seen).toEqual([]);
  });
});
