import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import { ClientsModule } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { ClientRedisStreams, RedisStreamsModule } from 'nestjs-redis-streams';
import { onTestFinished } from 'vitest';
import {
  Command,
  Contract,
  type ContractClient,
  type ContractHandlers,
  ContractsModule,
  contractToken,
  Event,
  Implements,
  InjectContract,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { FilesContract } from './files.contract.js';
import { FilesController } from './files.controller.js';
import { failure, serve } from './support.js';

@Injectable()
class Uploads {
  constructor(@InjectContract(FilesContract) readonly files: ContractClient<FilesContract>) {}
}

describe('ContractsModule.forFeature', () => {
  test('provides a client on the client of the module', async () => {
    const { service } = await serve({ controllers: [FilesController] });
    const testing = await Test.createTestingModule({
      imports: [
        RedisStreamsModule.forRoot({ ...service.address, isGlobal: true }),
        ContractsModule.forFeature([FilesContract]),
      ],
      providers: [Uploads],
    }).compile();
    await testing.init();
    onTestFinished(() => testing.close());
    expect(await testing.get(Uploads).files.join('+', 'a', 'b')).toBe('a+b');
  });

  test('or on any other', async () => {
    const { service } = await serve({ controllers: [FilesController] });
    const clients = ClientsModule.register([
      {
        name: 'MEDIA',
        customClass: ClientRedisStreams,
        options: service.address,
      },
    ]);
    @Module({
      imports: [
        ContractsModule.forFeature([FilesContract], { client: 'MEDIA', imports: [clients] }),
      ],
      providers: [Uploads],
      exports: [Uploads],
    })
    class Feature {}
    @Injectable()
    class Reader {
      @Inject(Uploads) readonly uploads!: Uploads;
    }
    const testing = await Test.createTestingModule({
      imports: [Feature],
      providers: [Reader],
    }).compile();
    await testing.init();
    onTestFinished(() => testing.close());
    expect(await testing.get(Reader).uploads.files.join('+', 'a')).toBe('a');
  });

  test('a test replaces it by its token', async () => {
    const files = { upload: vi.fn() };
    const testing = await Test.createTestingModule({
      providers: [Uploads, { provide: contractToken(FilesContract), useValue: files }],
    }).compile();
    expect(testing.get(Uploads).files).toBe(files);
  });
});

@Contract({ name: 'served', version: '1.0.0' })
abstract class Served {
  @Command() run(): Command {
    return remote();
  }
  @Event() told(): Event {
    return remote();
  }
}

@Controller()
@Implements(Served)
class One implements ContractHandlers<Served> {
  run(): void {}
  told(): void {}
}

@Controller()
@Implements(Served)
class Other implements ContractHandlers<Served> {
  run(): void {}
  told(): void {}
}

describe('ContractsModule.forServer', () => {
  const start = (...controllers: (new () => object)[]) =>
    serve({ imports: [ContractsModule.forServer([Served])], controllers });

  test('starts when everything is served once', async () => {
    await expect(start(One)).resolves.toBeDefined();
  });

  test('does not when something is not served', async () => {
    expect(await failure(start())).toMatchObject({
      code: 'NOT_SERVED',
      message: expect.stringMatching(/served\.run, served\.told/),
    });
  });

  test('nor when something is served twice', async () => {
    expect(await failure(start(One, Other))).toMatchObject({
      code: 'SERVED_TWICE',
      message: expect.stringMatching(/served\.run \(One, Other\); served\.told \(One, Other\)/),
    });
  });

  test('a command that is served twice is found without it too', async () => {
    expect(await failure(serve({ controllers: [One, Other] }))).toMatchObject({
      code: 'DUPLICATE_HANDLER',
    });
  });
});

test('two contracts with a method of the same name fit into one controller', async () => {
  @Contract({ name: 'second', version: '1.0.0' })
  abstract class Second {
    @Command() run(): Command {
      return remote();
    }
  }
  @Controller()
  @Implements(Served)
  @Implements(Second)
  class Both implements ContractHandlers<Served>, ContractHandlers<Second> {
    run(): void {}
    told(): void {}
  }
  await expect(
    serve({ imports: [ContractsModule.forServer([Served, Second])], controllers: [Both] }),
  ).resolves.toBeDefined();
});
