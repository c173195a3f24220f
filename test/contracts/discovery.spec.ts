import { Controller, Logger } from '@nestjs/common';
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices';
import { lastValueFrom, toArray } from 'rxjs';
import {
  announceService,
  Command,
  Contract,
  type ContractHandlers,
  ContractValidationError,
  Discovery,
  Implements,
  remote,
  RemoteError,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { EITHER_BROKER } from '../support/either-broker.js';
import { TestService } from '../support/test-service.js';
import { FilesController, seen } from './files.controller.js';
import { failure } from './support.js';

const file = { name: 'a.txt', size: 3, tags: [{ name: 't' }] };

const opened = async (instances = 1) => {
  const service = new TestService();
  for (let i = 0; i < instances; i++) await service.serveModule({ controllers: [FilesController] });
  return { service, discovery: new Discovery(service.client()) };
};

@Contract({ name: 'numbers', version: '1.0.0', doc: 'Arithmetic.' })
abstract class Numbers {
  @Command({ doc: 'Adds.' }) add(a: number, b: number): Command<number> {
    return remote(a, b);
  }
}

@Controller()
@Implements(Numbers)
class NumbersController implements ContractHandlers<Numbers> {
  add(a: number, b: number): number {
    return a + b;
  }
}

@Contract({ name: 'numbers', version: '1.1.0' })
abstract class MoreNumbers {
  @Command() add(a: number, b: number): Command<number> {
    return remote(a, b);
  }
  @Command() negate(a: number): Command<number> {
    return remote(a);
  }
}

@Controller()
@Implements(MoreNumbers)
class MoreNumbersController implements ContractHandlers<MoreNumbers> {
  add(a: number, b: number): number {
    return a + b;
  }
  negate(a: number): number {
    return -a;
  }
}

describe('E1 what is there', () => {
  test('services, methods with signatures and docs, instances', async () => {
    const { service, discovery } = await opened(2);
    await service.serveModule({ controllers: [NumbersController] }, { group: 'other' });
    expect(await discovery.names()).toEqual(['media.files', 'numbers']);
    const [files, numbers] = await discovery.discover();
    expect(numbers).toEqual({
      name: 'numbers',
      version: '1.0.0',
      doc: 'Arithmetic.',
      methods: [
        {
          name: 'add',
          kind: 'command',
          pattern: 'numbers.add',
          doc: 'Adds.',
          signature: 'add(a: number, b: number): unknown',
          parameters: [
            { name: 'a', schema: { type: 'number' } },
            { name: 'b', schema: { type: 'number' } },
          ],
          returns: {},
        },
      ],
      instances: [
        { id: expect.any(String), group: 'other', version: '1.0.0', uptime: expect.any(Number) },
      ],
    });
    expect(files?.instances.map(({ group, version }) => [group, version])).toEqual([
      ['service', '1.2.0'],
      ['service', '1.2.0'],
    ]);
    const signatures = files?.methods.map(({ signature }) => signature);
    expect(signatures).toEqual([
      'upload(file: FileDto, mode: string = "replace"): Receipt',
      'join(separator: string, ...parts: string[]): unknown',
      'find(name: string, limit?: number, after?: Date): unknown',
      'tag(tags: TagDto[]): unknown',
      'half(number: unknown): unknown',
      'echo(value: unknown): unknown',
      'fail(kind: string): unknown',
      'removed(file: FileDto): void',
      'tags(count: number): Streamed<TagDto>',
      'ticks(count: number, pause?: number): Streamed<unknown>',
    ]);
    expect(await discovery.info('numbers')).toEqual(numbers);
  });

  test('the newest version counts, and a service that is gone is not there', async () => {
    const { service, discovery } = await opened(0);
    const old = await service.serveModule({ controllers: [NumbersController] });
    const young = await service.serveModule({ controllers: [MoreNumbersController] });
    expect((await discovery.info('numbers')).version).toBe('1.1.0');
    await young.close();
    expect(await discovery.info('numbers')).toMatchObject({ version: '1.0.0' });
    await old.close();
    expect(await failure(discovery.info('numbers'))).toMatchObject({ code: 'NOT_SERVED' });
    expect(await failure(discovery.service('numbers'))).toMatchObject({ code: 'NOT_SERVED' });
    expect(await discovery.discover()).toEqual([]);
  });

  test('a service without a contract can be announced too', async () => {
    const { service, discovery } = await opened(0);
    const server = closing(service.strategy());
    server.addHandler('plain', async () => 1, false);
    announceService(server, { name: 'plain', about: () => ({ colour: 'red' }) });
    await new Promise((resolve) => void server.listen(resolve));
    expect(await discovery.discover()).toMatchObject([
      { name: 'plain', version: undefined, methods: [], instances: [{ group: 'service' }] },
    ]);
    expect(await discovery.ping('plain')).toMatchObject([{ milliseconds: expect.any(Number) }]);
    expect(await discovery.stats('plain')).toMatchObject({ calls: 0, methods: {} });
  });

  test('bad names are refused, and the same one twice', () => {
    const server = new TestService().strategy();
    const code = expect.objectContaining({ code: 'INVALID_CALL' });
    for (const name of ['', 'x'.repeat(201)]) {
      expect(() => announceService(server, { name })).toThrow(code);
    }
    announceService(server, { name: 'a' });
    expect(() => announceService(server, { name: 'a' })).toThrow(code);
  });

  test('what is too long is not announced, with one warning', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn');
    const { service, discovery } = await opened(0);
    const server = closing(service.strategy());
    announceService(server, { name: 'long', document: () => 'x'.repeat(1_048_577) });
    announceService(server, { name: 'wide', about: () => 'x'.repeat(65_536) });
    announceService(server, { name: 'good' });
    await new Promise((resolve) => void server.listen(resolve));
    expect(await discovery.names()).toEqual(['good']);
    await discovery.ping('good');
    const told = warn.mock.calls
      .map(([text]) => String(text))
      .filter((text) => /announcing/.test(text));
    expect(told.toSorted()).toEqual([
      'announcing long failed: its document has 1048577 characters',
      expect.stringMatching(/^announcing wide failed: its card has 65\d+ characters$/),
    ]);
    warn.mockRestore();
  });
});

describe('P10, X15 ping and stats', () => {
  test('every instance answers a ping', async () => {
    const { service } = await opened(3);
    const discovery = new Discovery(service.client(), { patience: 10_000 });
    const answers = await discovery.ping('media.files');
    expect(answers).toHaveLength(3);
    for (const { milliseconds } of answers) expect(milliseconds).toBeLessThan(10_000);
    expect(await discovery.ping('nobody')).toEqual([]);
  });

  test('one that does not answer is told apart, within the patience', async () => {
    const { service } = await opened();
    const discovery = new Discovery(service.client(), { patience: 300 });
    const later = String(Date.now() + 600_000);
    await service.redis.zadd(`{${service.prefix}}:instances:media.files`, later, 'frozen');
    const card = JSON.stringify({ group: 'service', about: { version: '9.0.0', methods: 7 } });
    await service.redis.hset(`{${service.prefix}}:about:media.files`, 'frozen', `1 ${card}`);
    const answers = await discovery.ping('media.files');
    expect(answers.find(({ id }) => id === 'frozen')?.milliseconds).toBeUndefined();
    expect(answers.filter(({ milliseconds }) => milliseconds !== undefined)).toHaveLength(1);
    const { instances } = await discovery.stats('media.files');
    expect(instances.map(({ id, fresh }) => (id === 'frozen') === fresh)).toEqual([false, false]);
  });

  test('counts match the traffic, by instance and together', async () => {
    const { discovery, service } = await opened(2);
    const files = await discovery.service('media.files');
    await Promise.all(Array.from({ length: 40 }, (_, i) => files.join!('+', String(i))));
    await Promise.all(Array.from({ length: 5 }, () => failure(files.fail!('quota'))));
    // Not valid for the service: what the client would have refused.
    const raw = service.client();
    await failure(lastValueFrom(raw.send('media.files.half', [3])));
    await files.removed!(file);
    const values = files.ticks!(3);
    expect(await lastValueFrom(values.pipe(toArray()))).toEqual([0, 1, 2]);
    const slow = files.ticks!(1000, 5).subscribe();
    await eventually(async () => {
      const stats = await discovery.stats('media.files');
      expect(stats).toMatchObject({
        calls: 48,
        errors: 6,
        inFlight: 1,
        methods: {
          join: { calls: 40, errors: 0, inFlight: 0 },
          fail: { calls: 5, errors: 5 },
          half: { calls: 1, errors: 1 },
          removed: { calls: 1, errors: 0 },
          ticks: { calls: 1, errors: 0, inFlight: 1 },
        },
      });
      expect(stats.p50).toBeGreaterThan(0);
      expect(stats.p99).toBeGreaterThanOrEqual(stats.p50!);
      expect(stats.instances.map(({ fresh }) => fresh)).toEqual([true, true]);
      expect(stats.instances.reduce((sum, { calls }) => sum + calls, 0)).toBe(48);
    });
    slow.unsubscribe();
    await eventually(async () =>
      expect(await discovery.stats('media.files')).toMatchObject({ calls: 49, inFlight: 0 }),
    );
  });

  test('a contract that is not announced is not counted, nor a handler without one', async () => {
    @Controller()
    @Implements(Numbers, { announce: false })
    class Silent implements ContractHandlers<Numbers> {
      add(a: number, b: number): number {
        return a + b;
      }
      @MessagePattern('plain') plain(): number {
        return 1;
      }
    }
    const { service, discovery } = await opened(0);
    await service.serveModule({ controllers: [Silent] });
    expect(await lastValueFrom(service.client().send('numbers.add', [1, 2]))).toBe(3);
    expect(await discovery.names()).toEqual([]);
    expect(await service.redis.keys(`{${service.prefix}}:about:*`)).toEqual([]);
  });
});

describe('client.service', () => {
  test('calls by what is announced', async () => {
    const { discovery } = await opened();
    const files = await discovery.service('media.files');
    expect(Object.keys(files)).toContain('upload');
    expect(await files.upload!(file)).toMatchObject({ id: 'replace-1' });
    const date = new Date(0);
    expect(await files.find!('a', undefined, date)).toEqual(['a', undefined, date]);
    expect(await files.echo!({ big: 2n, set: new Set([1]), left: undefined })).toEqual({
      big: 2n,
      set: new Set([1]),
    });
    expect(await files.with({ timeout: 5_000 }).join!('-', 'a', 'b')).toBe('a-b');
    const values: unknown[] = [];
    for await (const value of files.tags!(2)) values.push(value);
    expect(values).toEqual([{ name: 't0' }, { name: 't1' }]);
    await files.removed!(file);
    await eventually(() => expect(seen.map(({ method }) => method)).toContain('removed'));
    const error = await failure(files.fail!('quota'));
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ name: 'QuotaExceeded', code: 'QUOTA', details: { limit: 3 } });
  });

  test.each([
    ['upload', [{ ...file, size: 1.5 }], [['file.size', 'type']]],
    [
      'upload',
      [{ name: 'a', tags: [{ name: 'far too long' }] }],
      [
        ['file.size', 'required'],
        ['file.tags[0].name', 'maxLength'],
      ],
    ],
    ['upload', [], [['file', 'minItems']]],
    ['upload', [file, 7], [['mode', 'type']]],
    ['upload', [file, 'x', 'y'], [['arguments', 'items']]],
    ['find', ['a', undefined, 'tomorrow'], [['after', 'type']]],
    ['join', ['+', 'a', 2], [['parts[1]', 'type']]],
    ['removed', ['a'], [['file', 'type']]],
  ])('refuses %s(%j) before it is sent', async (method, args, violations) => {
    const { discovery, service } = await opened();
    const files = await discovery.service('media.files');
    const error = (await failure(files[method]!(...args))) as ContractValidationError;
    expect(ContractValidationError.is(error)).toBe(true);
    expect(
      error.details.map(({ property, constraints }) => [property, ...Object.keys(constraints)]),
    ).toEqual(violations);
    expect(await service.redis.xlen(service.stream(`media.files.${method}`))).toBe(0);
  });

  test('streams are refused too', async () => {
    const { discovery } = await opened();
    const files = await discovery.service('media.files');
    expect(await failure(lastValueFrom(files.ticks!('many')))).toMatchObject({
      code: 'VALIDATION',
      details: [{ property: 'count', constraints: { type: expect.any(String) } }],
    });
  });

  test('a method that a deploy adds can be called without a new client', async () => {
    const { discovery, service } = await opened(0);
    const old = await service.serveModule({ controllers: [NumbersController] });
    const numbers = await discovery.service('numbers');
    expect(await numbers.add!(1, 2)).toBe(3);
    expect(await failure(numbers.negate!(1))).toMatchObject({
      code: 'NOT_SERVED',
      message: 'numbers has no method negate, but add',
    });
    await service.serveModule({ controllers: [MoreNumbersController] });
    await old.close();
    await eventually(async () => expect(await numbers.negate!(1)).toBe(-1));
    expect(Object.keys(numbers)).toEqual(['add', 'negate']);
    expect(await failure(numbers.negate!('1'))).toMatchObject({ code: 'VALIDATION' });
  });

  test('without Ajv the error says what to install', async () => {
    vi.resetModules();
    vi.doMock('ajv/dist/2020.js', () => {
      throw new Error('Cannot find package');
    });
    const { Discovery: Fresh } =
      await import('../../libs/redis-stream-transport/src/contracts/index.js');
    const { service } = await opened();
    const discovery = new Fresh(service.client());
    expect(await failure(discovery.service('media.files'))).toMatchObject({
      name: 'ContractError',
      code: 'NOT_INSTALLED',
      message: expect.stringMatching(/ajv and ajv-formats/),
    });
    // Everything else works without it.
    expect(await discovery.names()).toEqual(['media.files']);
    vi.doUnmock('ajv/dist/2020.js');
  });

  test('another transport has no directory', () => {
    const proxy = ClientProxyFactory.create({ transport: Transport.TCP });
    expect(() => new Discovery(proxy)).toThrow(expect.objectContaining({ code: 'INVALID_CALL' }));
  });
});

describe.each(EITHER_BROKER)('P10, E1 plain patterns, over %s', (_name, make) => {
  test('are told beside those of contracts, with their kind, group and instances', async () => {
    const service = make();
    const discovery = new Discovery(service.client());
    expect(await discovery.patterns()).toEqual([]);
    const plain = { messages: { sum: () => 1 }, events: { placed: () => undefined } };
    await service.serve(plain);
    await service.serve(plain);
    await service.serveModule({ controllers: [NumbersController] }, { group: 'other' });
    await eventually(async () => {
      expect(await discovery.patterns()).toEqual([
        {
          ...{ pattern: 'numbers.add', kind: 'message', group: 'other', instances: 1 },
          contract: 'numbers',
        },
        { pattern: 'placed', kind: 'event', group: 'service', instances: 2, contract: undefined },
        { pattern: 'sum', kind: 'message', group: 'service', instances: 2, contract: undefined },
      ]);
    });
  });

  test('a handler that is new shows up without a new client, and one that left is gone', async () => {
    const service = make();
    const discovery = new Discovery(service.client());
    const server = await service.serve({ messages: { old: () => 1 } });
    const names = async () => (await discovery.patterns()).map(({ pattern }) => pattern);
    expect(await names()).toEqual(['old']);
    await service.serve({ messages: { fresh: () => 1 } });
    await server.close();
    await eventually(async () => expect(await names()).toEqual(['fresh']));
  });

  test('refuses a time that is none', async () => {
    const discovery = new Discovery(make().client());
    for (const within of [0, -1, Number.NaN])
      expect(await failure(discovery.patterns(within))).toMatchObject({ code: 'INVALID_OPTION' });
  });
});

test('P10 a list of patterns is never a part of them', async () => {
  const service = new TestService();
  await service.serve({ messages: { sum: () => 1 } });
  const error = await failure(new Discovery(service.client()).patterns(Number.MIN_VALUE));
  expect(error).toMatchObject({ code: 'TIMEOUT', message: expect.stringMatching(/^patterns: /) });
});
