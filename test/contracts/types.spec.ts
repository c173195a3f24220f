/* oxlint-disable vitest/expect-expect -- the compiler expects */
import { type ClientProxy } from '@nestjs/microservices';
import { ClientRedisStreams, type RedisStreamsContext } from 'nestjs-redis-streams';
import { firstValueFrom, from, type Observable } from 'rxjs';
import {
  Command,
  Contract,
  contractClient,
  type ContractClient,
  type ContractHandlers,
  Event,
  Implements,
  type MethodNames,
  remote,
  Streamed,
  type StreamedReply,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { FileDto, FilesContract, Receipt, type TagDto } from './files.contract.js';

const file: FileDto = { name: 'a', size: 1, tags: [] };

/** Compiled and never run: `tsc` is the test. */
const compiled = (calls: (files: ContractClient<FilesContract>) => unknown): void => {
  expect(calls).toBeDefined();
};

describe('a client', () => {
  test('has the methods of the contract, with its arguments and results', () => {
    type Files = ContractClient<FilesContract>;
    expectTypeOf<Files['upload']>().toEqualTypeOf<
      (file: FileDto, mode?: string) => Promise<Receipt>
    >();
    expectTypeOf<Files['join']>().toEqualTypeOf<
      (separator: string, ...parts: string[]) => Promise<string>
    >();
    expectTypeOf<Files['removed']>().toEqualTypeOf<(file: FileDto) => Promise<void>>();
    expectTypeOf<Files['tags']>().toEqualTypeOf<(count: number) => StreamedReply<TagDto>>();
    expectTypeOf<Files['fail']>().returns.toEqualTypeOf<Promise<void>>();
    expectTypeOf<Files['with']>().returns.toEqualTypeOf<Files>();
    expectTypeOf(contractClient(FilesContract, {} as ClientProxy)).toEqualTypeOf<Files>();
    expectTypeOf<MethodNames<FilesContract>>().toEqualTypeOf<
      'upload' | 'join' | 'find' | 'tag' | 'half' | 'echo' | 'fail' | 'removed' | 'tags' | 'ticks'
    >();
  });

  test('a wrong argument does not compile', () => {
    compiled((files) => {
      // @ts-expect-error a file is no text
      void files.upload('text');
      // @ts-expect-error the size is a number
      void files.upload({ name: 'a', tags: [], size: 'big' });
      // @ts-expect-error the tags are missing
      void files.upload({ name: 'a', size: 1 });
      // @ts-expect-error a mode is a text
      void files.upload(file, 5);
      // @ts-expect-error parts are texts
      void files.join('-', 'a', 5);
      // @ts-expect-error there are two parameters
      void files.upload(file, 'mode', 'more');
      // @ts-expect-error no option of a call
      files.with({ timeOut: 5 });
    });
  });

  test('a missing argument does not compile', () => {
    compiled((files) => {
      // @ts-expect-error no file
      void files.upload();
      // @ts-expect-error no separator
      void files.join();
      // @ts-expect-error no count
      files.ticks();
    });
  });

  test('a method without a mark cannot be called', () => {
    compiled((files) => {
      // @ts-expect-error describe has no mark
      files.describe();
      // @ts-expect-error there is no such method
      files.download();
    });
  });

  test('a streamed method cannot be awaited', () => {
    /* oxlint-disable typescript/await-thenable -- that is what is tested */
    compiled(async (files) => {
      // @ts-expect-error it is no promise
      await files.ticks(3);
      // @ts-expect-error nor inside of options
      await files.with({ timeout: 5 }).tags(3);
      await files.upload(file);
    });
    /* oxlint-enable typescript/await-thenable */
  });

  test('but iterated, subscribed to and given to rxjs', () => {
    compiled(async (files) => {
      for await (const tick of files.ticks(3)) expectTypeOf(tick).toBeNumber();
      expectTypeOf(await firstValueFrom(files.ticks(3))).toBeNumber();
      expectTypeOf(files.ticks(3)).toExtend<Observable<number>>();
      expectTypeOf(from(files.ticks(3))).toEqualTypeOf<Observable<number>>();
      files.ticks(3).subscribe((tick) => expectTypeOf(tick).toBeNumber());
    });
  });

  test('at run time a reply is no promise', () => {
    const client = contractClient(FilesContract, new ClientRedisStreams());
    expect('then' in client.ticks(3)).toBe(false);
    expect('then' in client).toBe(false);
  });
});

@Contract({ name: 'small', version: '1.0.0' })
abstract class Small {
  @Command({ optional: 1 }) add(one: number, other?: number): Command<number> {
    return remote(one, other);
  }
  @Event() told(text: string): Event {
    return remote(text);
  }
  @Streamed() many(): Streamed<string> {
    return remote();
  }
}

describe('a controller', () => {
  test('is refused without a method, or with a wrong one', () => {
    expect(() => {
      // @ts-expect-error `many` is missing
      @Implements(Small)
      class Missing {
        add = (): number => 1;
        told(): void {}
      }
      return Missing;
    }).toThrow(expect.objectContaining({ code: 'NOT_SERVED' }));

    // @ts-expect-error the result of `add` is no number
    @Implements(Small)
    class WrongResult {
      add(): string {
        return '';
      }
      told(): void {}
      async *many(): AsyncGenerator<string> {}
    }

    // @ts-expect-error `other` may be missing
    @Implements(Small)
    class WrongArgument {
      add(one: number, other: number): number {
        return one + other;
      }
      told(): void {}
      async *many(): AsyncGenerator<string> {}
    }

    // @ts-expect-error the values of `many` are texts
    @Implements(Small)
    class WrongStream {
      add(): number {
        return 1;
      }
      told(): void {}
      async *many(): AsyncGenerator<number> {}
    }

    class NoStream implements ContractHandlers<Small> {
      add = (): number => 1;
      told(): void {}
      // @ts-expect-error a streamed method does not return one value
      many = (): string => '';
    }
    expect([WrongResult, WrongArgument, WrongStream, NoStream]).toBeDefined();
  });

  test('may have more than is declared', () => {
    @Implements(Small)
    class More implements ContractHandlers<Small> {
      add(one: number, other = 0, context?: RedisStreamsContext): number {
        return one + other + (context ? 0 : 1);
      }
      async told(): Promise<void> {}
      async *many(): AsyncGenerator<string> {}
      own(): void {}
    }
    expect(new More().add(1)).toBe(2);
  });
});

test('a declaration is checked too', () => {
  const declare = () => {
    abstract class Wrong {
      // @ts-expect-error a command returns a Command
      @Command() one(): Promise<number> {
        return remote();
      }
      // @ts-expect-error a streamed method returns a Streamed
      @Streamed() two(): Command<number> {
        return remote();
      }
      // @ts-expect-error an event returns an Event
      @Event() three(): Command {
        return remote();
      }
      // @ts-expect-error the number of optional parameters is not told
      @Command() four(a?: number): Command {
        return remote(a);
      }
      // @ts-expect-error it is another
      @Command({ optional: 1 }) five(a?: number, b?: number): Command {
        return remote(a, b);
      }
      // @ts-expect-error the class makes something else
      @Command({ returns: () => FileDto }) six(): Command<Receipt> {
        return remote();
      }
      // @ts-expect-error one is not many
      @Command({ returns: () => FileDto }) seven(): Command<FileDto[]> {
        return remote();
      }
      @Command({ returns: () => [FileDto] }) eight(): Command<FileDto[]> {
        return remote();
      }
      @Streamed({ returns: () => Receipt, optional: 2 }) nine(
        a: number,
        b?: number,
        c = 5,
        ...d: number[]
      ): Streamed<Receipt> {
        return remote(a, b, c, ...d);
      }
    }
    return Wrong;
  };
  expect(declare()).toBeDefined();
});
