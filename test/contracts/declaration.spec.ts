import {
  Arg,
  Command,
  Contract,
  contractClient,
  ContractError,
  type ContractOptions,
  Event,
  remote,
} from '../../libs/redis-stream-transport/src/contracts/index.js';
import { definitionOf } from '../../libs/redis-stream-transport/src/contracts/declare/definition.js';
import { parameterNames } from '../../libs/redis-stream-transport/src/contracts/declare/parameter-names.js';
import { FilesContract } from './files.contract.js';

const options: ContractOptions = { name: 'c', version: '1.0.0' };
/** Why a declaration is refused. */
const refusal = (declare: () => unknown): string => {
  try {
    declare();
  } catch (error) {
    if (ContractError.is(error) && error.code === 'INVALID_CONTRACT') return error.message;
    throw error;
  }
  return '';
};

test('a contract knows its methods, patterns, parameters and documents', () => {
  const { methods, prefix, version } = definitionOf(FilesContract);
  expect([prefix, version]).toEqual(['media.files', '1.2.0']);
  expect(methods.has('describe')).toBe(false);
  const upload = methods.get('upload')!;
  expect(upload).toMatchObject({
    kind: 'command',
    pattern: 'media.files.upload',
    doc: 'Stores a file.',
    defaults: [1],
  });
  expect(upload.parameters).toMatchObject([
    { name: 'file', optional: false, rest: false },
    { name: 'mode', optional: true, rest: false },
  ]);
  expect(methods.get('join')!.parameters).toMatchObject([
    { name: 'separator', rest: false },
    { name: 'parts', rest: true, optional: false },
  ]);
});

test('without a namespace a pattern is the name and the method', () => {
  @Contract(options)
  abstract class Plain {
    @Command() run(): Command {
      return remote();
    }
  }
  expect([...definitionOf(Plain).methods.values()].map(({ pattern }) => pattern)).toEqual([
    'c.run',
  ]);
});

test('a contract may extend another class', () => {
  abstract class Base {
    @Command() ping(): Command<string> {
      return remote();
    }
    @Event() shared(): Event {
      return remote();
    }
  }
  @Contract({ ...options, namespace: 'a.b' })
  abstract class Derived extends Base {
    @Command() run(n: number): Command {
      return remote(n);
    }
  }
  const { methods } = definitionOf(Derived);
  expect([...methods.keys()].toSorted()).toEqual(['ping', 'run', 'shared']);
  expect(methods.get('ping')!.pattern).toBe('a.b.c.ping');
});

describe('it is refused', () => {
  test.each<[Partial<ContractOptions>, RegExp]>([
    [{ name: 'a.b' }, /letters, digits/],
    [{ name: '' }, /letters, digits/],
    [{ version: '1' }, /major.minor.patch/],
    [{ namespace: 'a..b' }, /dots between/],
  ])('%j', (wrong, text) => {
    expect(
      refusal(() => {
        @Contract({ ...options, ...wrong })
        abstract class Wrong {
          @Command() run(): Command {
            return remote();
          }
        }
        return Wrong;
      }),
    ).toMatch(text);
  });

  test('when a declared method has no mark', () => {
    expect(
      refusal(() => {
        @Contract(options)
        abstract class Wrong {
          @Command() run(): Command {
            return remote();
          }
          lost(): Command {
            return remote();
          }
        }
        return Wrong;
      }),
    ).toMatch(/lost is declared, but has no @Command/);
  });

  test.each([
    ['in another order', (a: number, b: number): never => remote(b, a)],
    ['not at all', (_a: number, _b: number): never => ({}) as never],
    ['not all of them', (a: number, _b: number): never => remote(a)],
    ['changed', (a: number, b: number): never => remote({ a }, b)],
    ['asynchronously', (async (a: number, b: number) => remote(a, b)) as never],
  ])('when a body passes its parameters on %s', (_, body: (a: number, b: number) => never) => {
    expect(
      refusal(() => {
        abstract class Wrong {
          run(_a: number, _b: number): Command {
            return remote();
          }
        }
        Wrong.prototype.run = body;
        const descriptor = Object.getOwnPropertyDescriptor(Wrong.prototype, 'run')!;
        Command()(Wrong.prototype, 'run', descriptor as never);
        Reflect.defineMetadata('design:paramtypes', [Number, Number], Wrong.prototype, 'run');
        Contract(options)(Wrong);
        return Wrong;
      }),
    ).toMatch(/return remote|parameters and passes/);
  });

  test('when types are not known', () => {
    expect(
      refusal(() => {
        abstract class Wrong {
          @Command() run(a: number): Command {
            return remote(a);
          }
        }
        Reflect.deleteMetadata('design:paramtypes', Wrong.prototype, 'run');
        Contract(options)(Wrong);
        return Wrong;
      }),
    ).toMatch(/emitDecoratorMetadata/);
  });

  test('when a name is taken, or nothing is in it', () => {
    expect(
      refusal(() => {
        @Contract(options)
        abstract class Wrong {
          @Command() with(): Command {
            return remote();
          }
        }
        return Wrong;
      }),
    ).toMatch(/cannot be called with/);
    expect(
      refusal(() => {
        @Contract(options)
        abstract class Wrong {}
        return Wrong;
      }),
    ).toMatch(/nothing is declared/);
  });

  test('when a type cannot be sent', () => {
    @Contract(options)
    abstract class Wrong {
      @Command() run(@Arg(() => Promise as never) a: unknown): Command {
        return remote(a);
      }
    }
    expect(refusal(() => definitionOf(Wrong).methods.get('run')!.parameters[0]!.type())).toMatch(
      /Promise is nothing/,
    );
  });

  test('when it is no contract', () => {
    abstract class Wrong {}
    expect(refusal(() => contractClient(Wrong, {} as never))).toMatch(/has no @Contract/);
  });
});

test('a declared method cannot be called on the class', () => {
  class Concrete extends FilesContract {}
  expect(() => new Concrete().echo(1)).toThrow(/only declared/);
  expect(new Concrete().describe()).toBe('files');
});

test('names of parameters are read from the source', () => {
  const method = {
    all(
      a: number,
      b = [1, 2],
      { c } = { c: ',' },
      d = 'x,y)',
      /* e, */ f = (g: number) => g,
      ...h: number[]
    ) {
      return [a, b, c, d, f, h];
    },
  };
  expect(parameterNames(method.all, 6)).toEqual(['a', 'b', 'arg2', 'd', 'f', 'h']);
});
