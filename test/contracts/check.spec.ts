import { Inject, Injectable, Logger } from '@nestjs/common';
import { ClientProxyFactory, Transport } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { RedisStreamsModule } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import {
  type CheckMode,
  type ContractClient,
  contractClient,
  ContractError,
  ContractsModule,
  contractToken,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { directoryOf } from '../../libs/redis-stream-transport/src/contracts/directory/directory-of.js';
import { eventually } from '../../tools/wait.js';
import { closing } from '../support/closing.js';
import { away } from '../support/redis.js';
import { TestService } from '../support/test-service.js';
import {
  controllerOf,
  type Form,
  Grown,
  Lessened,
  Narrowed,
  Renamed,
  V1,
} from './drift.contracts.js';
import { failure } from './support.js';

/** What is logged, with the level in front. */
let logged: string[];

beforeEach(() => {
  logged = [];
  for (const level of ['log', 'warn', 'error'] as const) {
    vi.spyOn(Logger.prototype, level).mockImplementation(function (this: unknown, text: unknown) {
      const { context } = this as { context?: string };
      if (context === 'Contracts') logged.push(`${level} ${String(text)}`);
    });
  }
});
afterEach(() => void vi.restoreAllMocks());

const file = { name: 'a', size: 1 };

const serve = (
  service: TestService,
  form: Form,
  options: { announce?: boolean; force?: boolean } = {},
) => service.serveModule({ controllers: [controllerOf(form, options)] });

/** A client of the first form. */
const calling = (service: TestService, check?: CheckMode) => {
  const proxy = service.client();
  return { proxy, files: contractClient(V1, proxy, check && { check }) };
};

const DRIFTS = [
  ['remove a method', Lessened, '2.0.0', 'remove is not served'],
  ['narrow a type', Narrowed, '2.1.0', 'put: file.size maximum 100 became 50'],
  [
    'rename a field',
    Renamed,
    '2.2.0',
    'put: file.title is required and not known\n  put: file.name does not exist there',
  ],
] as const;

const told = (version: string, lines: string): string =>
  `drift: this client has 1.0.0, the server ${version}, and they do not fit\n  ${lines}`;

describe('M8 drift against a running server', () => {
  test('add an optional field: nothing is logged', async () => {
    const service = new TestService();
    await serve(service, Grown);
    const { files } = calling(service, 'strict');
    expect(await files.put(file)).toBe('Grown');
    expect(logged).toEqual([]);
  });

  test.each(DRIFTS)('%s: warn says where', async (_, form, version, lines) => {
    const service = new TestService();
    await serve(service, form);
    const { proxy, files } = calling(service);
    await proxy.connect();
    await eventually(() => expect(logged).toEqual([`warn ${told(version, lines)}`]));
    // What still fits is still served.
    if (form !== Renamed) expect(await files.put(file)).toBe(form.name);
  });

  test.each(DRIFTS)(
    '%s: strict refuses before anything is sent',
    async (_, form, version, lines) => {
      const service = new TestService();
      await serve(service, form);
      const { files } = calling(service, 'strict');
      const error = await failure(files.put(file));
      expect(ContractError.is(error)).toBe(true);
      expect(error).toMatchObject({ code: 'INCOMPATIBLE', message: told(version, lines) });
      expect(logged).toEqual([`error ${told(version, lines)}`]);
      expect(await service.redis.xlen(service.stream('drift.put'))).toBe(0);
    },
  );

  test('off says nothing and calls', async () => {
    const service = new TestService();
    await serve(service, Narrowed);
    const { files } = calling(service, 'off');
    expect(await files.put(file)).toBe('Narrowed');
    expect(logged).toEqual([]);
  });

  test.each(['off', 'warn', 'strict'] as const)(
    'force refuses a client that is %s',
    async (mode) => {
      const service = new TestService();
      await serve(service, Narrowed, { force: true });
      const { proxy, files } = calling(service, mode);
      await proxy.connect();
      await eventually(() => expect(logged).toHaveLength(1));
      expect(await failure(files.remove('a'))).toMatchObject({ code: 'INCOMPATIBLE' });
      expect(logged).toEqual([`error ${told('2.1.0', DRIFTS[1][3])}`]);
    },
  );

  test('two instances with different versions: each that does not fit is told', async () => {
    const service = new TestService();
    await serve(service, V1);
    await serve(service, Narrowed);
    await serve(service, Lessened);
    const { files } = calling(service, 'strict');
    const { message } = (await failure(files.put(file))) as Error;
    expect(message.split('\n').toSorted()).toEqual(
      [told('2.1.0', DRIFTS[1][3]), told('2.0.0', DRIFTS[0][3])]
        .flatMap((text) => text.split('\n'))
        .toSorted(),
    );
  });

  test('a server that says nothing is not compared', async () => {
    const service = new TestService();
    await serve(service, Narrowed, { announce: false });
    const { files } = calling(service, 'strict');
    expect(await files.put(file)).toBe('Narrowed');
    expect(logged).toEqual([
      'warn drift: no server is there to compare with; it is compared when one is',
    ]);
  });
});

describe('M9 servers that come and go', () => {
  test('an absent server is a warning, and is compared when it is there', async () => {
    const service = new TestService();
    const { proxy, files } = calling(service, 'strict');
    await proxy.connect();
    const absent = 'warn drift: no server is there to compare with; it is compared when one is';
    await eventually(() => expect(logged).toEqual([absent]));
    const app = await serve(service, Narrowed);
    // The next looks are after 1, 3 and 7 seconds.
    const found = [absent, `error ${told('2.1.0', DRIFTS[1][3])}`];
    await eventually(() => expect(logged).toEqual(found), 20_000);
    expect(await failure(files.put(file))).toMatchObject({ code: 'INCOMPATIBLE' });
    await app.close();
  });

  test('where Redis is away a strict call waits two seconds at most, and is not sent', async () => {
    const service = new TestService();
    const proxy = service.client(away);
    const files = contractClient(V1, proxy, { check: 'strict' });
    const send = vi.spyOn(proxy, 'send');
    const started = performance.now();
    const error = await failure(files.with({ timeout: 100 }).put(file));
    expect(error).toMatchObject({ code: 'NOT_CONNECTED', outcome: 'not-run' });
    expect(send).not.toHaveBeenCalled();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(logged).toEqual([
      'warn drift: not compared with its servers yet, Redis was not reached',
    ]);
  });

  test('looks rarely, and no more once the client is closed', async () => {
    const service = new TestService();
    await serve(service, V1);
    const { proxy } = calling(service);
    const looks = vi.spyOn(directoryOf(proxy)!, 'instances');
    await proxy.connect();
    await eventually(() => expect(looks).toHaveBeenCalledTimes(1));
    // Further clients of the same contract share the look.
    for (let i = 0; i < 10; i++) contractClient(V1, proxy);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await proxy.close();
    await vi.advanceTimersByTimeAsync(120_000);
    expect(looks).toHaveBeenCalledTimes(1);
  });
});

describe('ContractsModule.forFeature', () => {
  @Injectable()
  class Uploads {
    @Inject(contractToken(V1)) readonly files!: ContractClient<V1>;
  }

  const start = async (service: TestService, check?: CheckMode, root?: CheckMode) => {
    const testing = await Test.createTestingModule({
      imports: [
        RedisStreamsModule.forRoot({ ...service.address, isGlobal: true }),
        ...(root === undefined ? [] : [ContractsModule.forRoot({ check: root })]),
        ContractsModule.forFeature([V1], check && { check }),
      ],
      providers: [Uploads],
    }).compile();
    closing(testing);
    await testing.init();
    return testing.get(Uploads).files;
  };

  test('an application that does not fit is told at its start', async () => {
    const service = new TestService();
    await serve(service, Narrowed);
    await start(service);
    expect(logged).toEqual([`warn ${told('2.1.0', DRIFTS[1][3])}`]);
  });

  test.each([
    ['strict', undefined, false],
    [undefined, 'strict', false],
    [undefined, undefined, true],
  ] as const)('or does not start: check %s, for all %s, force %s', async (check, root, force) => {
    const service = new TestService();
    await serve(service, Narrowed, { force });
    expect(await failure(start(service, check, root))).toMatchObject({ code: 'INCOMPATIBLE' });
  });

  test('starts without a server, whatever the mode is', async () => {
    await start(new TestService(), 'strict');
    expect(logged).toEqual([
      'warn drift: no server is there to compare with; it is compared when one is',
    ]);
  });

  test('a stand-in is not compared', async () => {
    const put = vi.fn();
    const testing = await Test.createTestingModule({
      imports: [
        RedisStreamsModule.forRoot({ url: 'redis://127.0.0.1:9', isGlobal: true }),
        ContractsModule.forFeature([V1]),
      ],
    })
      .overrideProvider(contractToken(V1))
      .useValue({ put })
      .compile();
    closing(testing);
    await testing.init();
    expect(logged).toEqual([]);
  });
});

test('on another transport nothing is compared, and asking for it is an error', () => {
  const proxy = ClientProxyFactory.create({ transport: Transport.TCP });
  expect(() => contractClient(V1, proxy)).not.toThrow();
  expect(() => contractClient(V1, proxy, { check: 'off' })).not.toThrow();
  expect(() => contractClient(V1, proxy, { check: 'strict' })).toThrow(
    expect.objectContaining({ code: 'INVALID_CALL' }),
  );
});

test('what is announced goes with the instance', async () => {
  const service = new TestService();
  const app = await serve(service, V1);
  const directory = directoryOf(service.client())!;
  expect(await directory.names()).toEqual(['drift']);
  expect(await directory.instances('drift')).toMatchObject([
    { group: 'service', about: { version: '1.0.0', force: false }, answeredAfter: undefined },
  ]);
  await app.close();
  expect(await directory.instances('drift')).toEqual([]);
  expect(await service.redis.keys(`{${service.prefix}}:about:*`)).toEqual([]);
});

test('and holds no longer than its lease would, if the instance dies', async () => {
  const service = new TestService();
  await serve(service, V1);
  const directory = directoryOf(service.client())!;
  const id = (await directory.instances('drift'))[0]!.id;
  const [instances, about] = ['instances', 'about'].map(
    (key) => `{${service.prefix}}:${key}:drift`,
  );
  const [seconds] = await service.redis.time();
  const until = Number(await service.redis.zscore(instances!, id));
  // `leaseTtl` by default, and the part of a second that is missing above.
  expect(until - Number(seconds) * 1000).toBeLessThanOrEqual(10_000 + 1_000);
  // One whose lease ended a moment ago, and which could not say so.
  const card = (await service.redis.hget(about!, id))!;
  await service.redis.hset(about!, 'dead', card);
  await service.redis.zadd(instances!, Number(seconds) * 1000 - 1, 'dead');
  expect(await directory.instances('drift')).toMatchObject([{ id }]);
});
